#include "textflag.h"

// One row of the 8 × 48 tile.
#define ROW(m, c0, c1, c2) \
	VBROADCASTSS m, Z3        \
	VFMADD231PS Z0, Z3, c0    \
	VFMADD231PS Z1, Z3, c1    \
	VFMADD231PS Z2, Z3, c2

// One k: a at SI, R9 and R12 (three rows apart), b at DX in panels R11 apart.
#define STEP(ao, bo) \
	VMOVUPS bo(DX), Z0                      \
	VMOVUPS bo(DX)(R11*1), Z1               \
	VMOVUPS bo(DX)(R11*2), Z2               \
	ROW(ao(SI), Z8, Z9, Z10)                \
	ROW(ao(SI)(R8*1), Z11, Z12, Z13)        \
	ROW(ao(SI)(R8*2), Z14, Z15, Z16)        \
	ROW(ao(R9), Z17, Z18, Z19)              \
	ROW(ao(R9)(R8*1), Z20, Z21, Z22)        \
	ROW(ao(R9)(R8*2), Z23, Z24, Z25)        \
	ROW(ao(R12), Z26, Z27, Z28)             \
	ROW(ao(R12)(R8*1), Z29, Z30, Z31)

#define LOAD(c0, c1, c2) \
	VMOVUPS (AX), c0      \
	VMOVUPS 64(AX), c1    \
	VMOVUPS 128(AX), c2   \
	ADDQ R10, AX

#define STORE(c0, c1, c2) \
	VMOVUPS c0, (DI)      \
	VMOVUPS c1, 64(DI)    \
	VMOVUPS c2, 128(DI)   \
	ADDQ R10, DI

#define ZERO(c0, c1, c2) \
	VPXORQ c0, c0, c0 \
	VPXORQ c1, c1, c1 \
	VPXORQ c2, c2, c2

// func tileAVX512(k int, a *float32, lda int, b *float32, c *float32, ldc int, add bool)
TEXT ·tileAVX512(SB), NOSPLIT, $0-49
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ lda+16(FP), R8
	MOVQ b+24(FP), DX
	MOVQ c+32(FP), DI
	MOVQ ldc+40(FP), R10
	MOVQ CX, R11
	SHLQ $6, R11
	SHLQ $2, R8
	SHLQ $2, R10
	LEAQ (SI)(R8*2), R9
	ADDQ R8, R9
	LEAQ (R9)(R8*2), R12
	ADDQ R8, R12
	CMPB add+48(FP), $0
	JNE  load
	ZERO(Z8, Z9, Z10)
	ZERO(Z11, Z12, Z13)
	ZERO(Z14, Z15, Z16)
	ZERO(Z17, Z18, Z19)
	ZERO(Z20, Z21, Z22)
	ZERO(Z23, Z24, Z25)
	ZERO(Z26, Z27, Z28)
	ZERO(Z29, Z30, Z31)
	JMP  start
load:
	MOVQ DI, AX
	LOAD(Z8, Z9, Z10)
	LOAD(Z11, Z12, Z13)
	LOAD(Z14, Z15, Z16)
	LOAD(Z17, Z18, Z19)
	LOAD(Z20, Z21, Z22)
	LOAD(Z23, Z24, Z25)
	LOAD(Z26, Z27, Z28)
	LOAD(Z29, Z30, Z31)
start:
	SUBQ $2, CX
	JLT  tail
two:
	STEP(0, 0)
	STEP(4, 64)
	ADDQ $8, SI
	ADDQ $8, R9
	ADDQ $8, R12
	ADDQ $128, DX
	SUBQ $2, CX
	JGE  two
tail:
	ADDQ $2, CX
	JZ   done
	STEP(0, 0)
done:
	STORE(Z8, Z9, Z10)
	STORE(Z11, Z12, Z13)
	STORE(Z14, Z15, Z16)
	STORE(Z17, Z18, Z19)
	STORE(Z20, Z21, Z22)
	STORE(Z23, Z24, Z25)
	STORE(Z26, Z27, Z28)
	STORE(Z29, Z30, Z31)
	VZEROUPPER
	RET

#define WIDEN(m, v) \
	VPMOVSXBD m, v \
	VCVTDQ2PS v, v

// func gemvI8AVX512(k int, x *float32, b *int8, n int, y *float32)
TEXT ·gemvI8AVX512(SB), NOSPLIT, $0-40
	MOVQ k+0(FP), R8
	MOVQ x+8(FP), R9
	MOVQ b+16(FP), DX
	MOVQ n+24(FP), BX
	MOVQ y+32(FP), DI
	MOVQ R8, R10
	SHLQ $4, R10 // bytes from panel to panel
six:
	CMPQ BX, $6
	JLT  single
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	MOVQ R9, SI
	MOVQ R8, CX
	LEAQ (DX)(R10*2), R11
	ADDQ R10, R11
loop6:
	VBROADCASTSS (SI), Z0
	WIDEN((DX), Z1)
	WIDEN((DX)(R10*1), Z2)
	WIDEN((DX)(R10*2), Z3)
	WIDEN((R11), Z10)
	WIDEN((R11)(R10*1), Z11)
	WIDEN((R11)(R10*2), Z12)
	VFMADD231PS Z0, Z1, Z4
	VFMADD231PS Z0, Z2, Z5
	VFMADD231PS Z0, Z3, Z6
	VFMADD231PS Z0, Z10, Z7
	VFMADD231PS Z0, Z11, Z8
	VFMADD231PS Z0, Z12, Z9
	ADDQ $4, SI
	ADDQ $16, DX
	ADDQ $16, R11
	DECQ CX
	JNZ  loop6
	LEAQ (R11)(R10*2), DX
	VMOVUPS Z4, (DI)
	VMOVUPS Z5, 64(DI)
	VMOVUPS Z6, 128(DI)
	VMOVUPS Z7, 192(DI)
	VMOVUPS Z8, 256(DI)
	VMOVUPS Z9, 320(DI)
	ADDQ $384, DI
	SUBQ $6, BX
	JMP  six
single:
	TESTQ BX, BX
	JZ   end
	VPXORQ Z4, Z4, Z4
	MOVQ R9, SI
	MOVQ R8, CX
loop1:
	VBROADCASTSS (SI), Z0
	WIDEN((DX), Z1)
	VFMADD231PS Z0, Z1, Z4
	ADDQ $4, SI
	ADDQ $16, DX
	DECQ CX
	JNZ  loop1
	VMOVUPS Z4, (DI)
	ADDQ $64, DI
	DECQ BX
	JMP  single
end:
	VZEROUPPER
	RET
