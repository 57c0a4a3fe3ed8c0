#include "textflag.h"

// Instructions that Go's assembler has no name for; register numbers in the
// order of Go's operands: sources first.
#define SXTL_B(n, d)    WORD $(0x0F08A400 | (n)<<5 | (d))           // low 8 bytes to 8 halves
#define SXTL2_B(n, d)   WORD $(0x4F08A400 | (n)<<5 | (d))           // high 8 bytes
#define SXTL_H(n, d)    WORD $(0x0F10A400 | (n)<<5 | (d))           // low 4 halves to 4 words
#define SXTL2_H(n, d)   WORD $(0x4F10A400 | (n)<<5 | (d))           // high 4 halves
#define SCVTF(n, d)     WORD $(0x4E21D800 | (n)<<5 | (d))
#define FCVTNS(n, d)    WORD $(0x4E21A800 | (n)<<5 | (d))
#define FRINTN(n, d)    WORD $(0x4E218800 | (n)<<5 | (d))
#define SHL23(n, d)     WORD $(0x4F375400 | (n)<<5 | (d))
#define FADD(m, n, d)   WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FSUB(m, n, d)   WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d)) // n - m
#define FMUL(m, n, d)   WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FMAX(m, n, d)   WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMIN(m, n, d)   WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d))
#define FMAXV(n, d)     WORD $(0x6E30F800 | (n)<<5 | (d))

#define ZERO4(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16 \
	VEOR b.B16, b.B16, b.B16 \
	VEOR c.B16, c.B16, c.B16 \
	VEOR d.B16, d.B16, d.B16

// One row of one k of the tile.
#define ROW(r, x, c0, c1, c2, c3) \
	VLD1R.P 4(r), [x.S4]            \
	VFMLA V0.S4, x.S4, c0.S4        \
	VFMLA V1.S4, x.S4, c1.S4        \
	VFMLA V2.S4, x.S4, c2.S4        \
	VFMLA V3.S4, x.S4, c3.S4

// func tileNEON(k int, a *float32, lda int, b *float32, c *float32, ldc int, add bool)
TEXT ·tileNEON(SB), NOSPLIT, $0-49
	MOVD k+0(FP), R0
	MOVD a+8(FP), R1
	MOVD lda+16(FP), R2
	MOVD b+24(FP), R3
	MOVD c+32(FP), R4
	MOVD ldc+40(FP), R5
	MOVBU add+48(FP), R6
	LSL  $2, R2
	LSL  $2, R5
	ADD  R2, R1, R7
	ADD  R2, R7, R8
	ADD  R2, R8, R9
	ADD  R2, R9, R10
	ADD  R2, R10, R11
	CBNZ R6, load
	ZERO4(V8, V9, V10, V11)
	ZERO4(V12, V13, V14, V15)
	ZERO4(V16, V17, V18, V19)
	ZERO4(V20, V21, V22, V23)
	ZERO4(V24, V25, V26, V27)
	ZERO4(V28, V29, V30, V31)
	B    loop
load:
	MOVD R4, R12
	VLD1 (R12), [V8.S4, V9.S4, V10.S4, V11.S4]
	ADD  R5, R12
	VLD1 (R12), [V12.S4, V13.S4, V14.S4, V15.S4]
	ADD  R5, R12
	VLD1 (R12), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD  R5, R12
	VLD1 (R12), [V20.S4, V21.S4, V22.S4, V23.S4]
	ADD  R5, R12
	VLD1 (R12), [V24.S4, V25.S4, V26.S4, V27.S4]
	ADD  R5, R12
	VLD1 (R12), [V28.S4, V29.S4, V30.S4, V31.S4]
loop:
	VLD1.P 64(R3), [V0.S4, V1.S4, V2.S4, V3.S4]
	ROW(R1, V4, V8, V9, V10, V11)
	ROW(R7, V5, V12, V13, V14, V15)
	ROW(R8, V6, V16, V17, V18, V19)
	ROW(R9, V7, V20, V21, V22, V23)
	ROW(R10, V4, V24, V25, V26, V27)
	ROW(R11, V5, V28, V29, V30, V31)
	SUBS $1, R0
	BNE  loop
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R4)
	ADD  R5, R4
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R4)
	ADD  R5, R4
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R4)
	ADD  R5, R4
	VST1 [V20.S4, V21.S4, V22.S4, V23.S4], (R4)
	ADD  R5, R4
	VST1 [V24.S4, V25.S4, V26.S4, V27.S4], (R4)
	ADD  R5, R4
	VST1 [V28.S4, V29.S4, V30.S4, V31.S4], (R4)
	RET

// func gemvF32NEON(k int, x *float32, b *float32, n int, y *float32)
TEXT ·gemvF32NEON(SB), NOSPLIT, $0-40
	MOVD k+0(FP), R0
	MOVD x+8(FP), R1
	MOVD b+16(FP), R3
	MOVD n+24(FP), R2
	MOVD y+32(FP), R4
	LSL  $6, R0, R5 // bytes from panel to panel
two:
	CMP  $2, R2
	BLT  single
	ZERO4(V16, V17, V18, V19)
	ZERO4(V20, V21, V22, V23)
	MOVD R1, R6
	MOVD R0, R7
	ADD  R5, R3, R8
loop2:
	VLD1R.P 4(R6), [V0.S4]
	VLD1.P 64(R3), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R8), [V24.S4, V25.S4, V26.S4, V27.S4]
	VFMLA V0.S4, V4.S4, V16.S4
	VFMLA V0.S4, V5.S4, V17.S4
	VFMLA V0.S4, V6.S4, V18.S4
	VFMLA V0.S4, V7.S4, V19.S4
	VFMLA V0.S4, V24.S4, V20.S4
	VFMLA V0.S4, V25.S4, V21.S4
	VFMLA V0.S4, V26.S4, V22.S4
	VFMLA V0.S4, V27.S4, V23.S4
	SUBS $1, R7
	BNE  loop2
	MOVD R8, R3
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R4)
	VST1.P [V20.S4, V21.S4, V22.S4, V23.S4], 64(R4)
	SUB  $2, R2
	B    two
single:
	CBZ  R2, end
	ZERO4(V16, V17, V18, V19)
loop1:
	VLD1R.P 4(R1), [V0.S4]
	VLD1.P 64(R3), [V4.S4, V5.S4, V6.S4, V7.S4]
	VFMLA V0.S4, V4.S4, V16.S4
	VFMLA V0.S4, V5.S4, V17.S4
	VFMLA V0.S4, V6.S4, V18.S4
	VFMLA V0.S4, V7.S4, V19.S4
	SUBS $1, R0
	BNE  loop1
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R4)
end:
	RET

// The 16 bytes of register n as floats in a, b, c and d; n is lost.
#define WIDEN(n, a, b, c, d) \
	SXTL_B(n, b)   \
	SXTL2_B(n, d)  \
	SXTL_H(b, a)   \
	SXTL2_H(b, b)  \
	SXTL_H(d, c)   \
	SXTL2_H(d, d)  \
	SCVTF(a, a)    \
	SCVTF(b, b)    \
	SCVTF(c, c)    \
	SCVTF(d, d)

// func gemvI8NEON(k int, x *float32, b *int8, n int, y *float32)
TEXT ·gemvI8NEON(SB), NOSPLIT, $0-40
	MOVD k+0(FP), R0
	MOVD x+8(FP), R1
	MOVD b+16(FP), R3
	MOVD n+24(FP), R2
	MOVD y+32(FP), R4
	LSL  $4, R0, R5 // bytes from panel to panel
two:
	CMP  $2, R2
	BLT  single
	ZERO4(V16, V17, V18, V19)
	ZERO4(V20, V21, V22, V23)
	MOVD R1, R6
	MOVD R0, R7
	ADD  R5, R3, R8
loop2:
	VLD1R.P 4(R6), [V0.S4]
	VLD1.P 16(R3), [V1.B16]
	VLD1.P 16(R8), [V2.B16]
	WIDEN(1, 4, 5, 6, 7)
	WIDEN(2, 24, 25, 26, 27)
	VFMLA V0.S4, V4.S4, V16.S4
	VFMLA V0.S4, V5.S4, V17.S4
	VFMLA V0.S4, V6.S4, V18.S4
	VFMLA V0.S4, V7.S4, V19.S4
	VFMLA V0.S4, V24.S4, V20.S4
	VFMLA V0.S4, V25.S4, V21.S4
	VFMLA V0.S4, V26.S4, V22.S4
	VFMLA V0.S4, V27.S4, V23.S4
	SUBS $1, R7
	BNE  loop2
	MOVD R8, R3
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R4)
	VST1.P [V20.S4, V21.S4, V22.S4, V23.S4], 64(R4)
	SUB  $2, R2
	B    two
single:
	CBZ  R2, end
	ZERO4(V16, V17, V18, V19)
loop1:
	VLD1R.P 4(R1), [V0.S4]
	VLD1.P 16(R3), [V1.B16]
	WIDEN(1, 4, 5, 6, 7)
	VFMLA V0.S4, V4.S4, V16.S4
	VFMLA V0.S4, V5.S4, V17.S4
	VFMLA V0.S4, V6.S4, V18.S4
	VFMLA V0.S4, V7.S4, V19.S4
	SUBS $1, R0
	BNE  loop1
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R4)
end:
	RET

// func unpackNEON(n int, dst *float32, q *int8, zero, scale float32)
TEXT ·unpackNEON(SB), NOSPLIT, $0-32
	MOVD n+0(FP), R0
	MOVD dst+8(FP), R1
	MOVD q+16(FP), R2
	MOVWU zero+24(FP), R3
	MOVWU scale+28(FP), R4
	VDUP R3, V16.S4
	VDUP R4, V17.S4
loop:
	VLD1.P 16(R2), [V0.B16]
	WIDEN(0, 4, 5, 6, 7)
	FSUB(16, 4, 4)
	FSUB(16, 5, 5)
	FSUB(16, 6, 6)
	FSUB(16, 7, 7)
	FMUL(17, 4, 4)
	FMUL(17, 5, 5)
	FMUL(17, 6, 6)
	FMUL(17, 7, 7)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R1)
	SUBS $16, R0
	BNE  loop
	RET

// Constants of the exponential, in the order of exp.go.
DATA exp<>+0(SB)/4, $-87.0
DATA exp<>+4(SB)/4, $88.0
DATA exp<>+8(SB)/4, $1.44269504088896341
DATA exp<>+12(SB)/4, $0.693359375
DATA exp<>+16(SB)/4, $-2.12194440e-4
DATA exp<>+20(SB)/4, $1.9875691500e-4
DATA exp<>+24(SB)/4, $1.3981999507e-3
DATA exp<>+28(SB)/4, $8.3334519073e-3
DATA exp<>+32(SB)/4, $4.1665795894e-2
DATA exp<>+36(SB)/4, $1.6666665459e-1
DATA exp<>+40(SB)/4, $5.0000001201e-1
DATA exp<>+44(SB)/4, $1.0
GLOBL exp<>(SB), RODATA, $48

// e^(V0·V30 + V31) into V2.
#define EXP4 \
	VMOV V31.B16, V1.B16         \
	VFMLA V0.S4, V30.S4, V1.S4   \
	FMAX(16, 1, 1)               \
	FMIN(17, 1, 1)               \
	FMUL(18, 1, 0)               \
	FRINTN(0, 0)                 \
	VFMLS V0.S4, V19.S4, V1.S4   \
	VFMLS V0.S4, V20.S4, V1.S4   \
	VMOV V22.B16, V2.B16         \
	VFMLA V21.S4, V1.S4, V2.S4   \
	VMOV V23.B16, V3.B16         \
	VFMLA V2.S4, V1.S4, V3.S4    \
	VMOV V24.B16, V2.B16         \
	VFMLA V3.S4, V1.S4, V2.S4    \
	VMOV V25.B16, V3.B16         \
	VFMLA V2.S4, V1.S4, V3.S4    \
	VMOV V26.B16, V4.B16         \
	VFMLA V3.S4, V1.S4, V4.S4    \
	FMUL(1, 1, 3)                \
	VMOV V1.B16, V2.B16          \
	VFMLA V4.S4, V3.S4, V2.S4    \
	FADD(27, 2, 2)               \
	FCVTNS(0, 0)                 \
	SHL23(0, 0)                  \
	VADD V0.S4, V2.S4, V2.S4

// func expNEON(n int, x *float32, scale, shift float32, lanes *[8]float32)
TEXT ·expNEON(SB), NOSPLIT, $0-32
	MOVD n+0(FP), R0
	MOVD x+8(FP), R1
	MOVWU scale+16(FP), R2
	MOVWU shift+20(FP), R3
	MOVD lanes+24(FP), R4
	VDUP R2, V30.S4
	VDUP R3, V31.S4
	MOVD $exp<>(SB), R5
	VLD1R.P 4(R5), [V16.S4]
	VLD1R.P 4(R5), [V17.S4]
	VLD1R.P 4(R5), [V18.S4]
	VLD1R.P 4(R5), [V19.S4]
	VLD1R.P 4(R5), [V20.S4]
	VLD1R.P 4(R5), [V21.S4]
	VLD1R.P 4(R5), [V22.S4]
	VLD1R.P 4(R5), [V23.S4]
	VLD1R.P 4(R5), [V24.S4]
	VLD1R.P 4(R5), [V25.S4]
	VLD1R.P 4(R5), [V26.S4]
	VLD1R.P 4(R5), [V27.S4]
	VLD1 (R4), [V28.S4, V29.S4]
loop:
	VLD1 (R1), [V0.S4]
	EXP4
	FADD(2, 28, 28)
	VST1.P [V2.S4], 16(R1)
	VLD1 (R1), [V0.S4]
	EXP4
	FADD(2, 29, 29)
	VST1.P [V2.S4], 16(R1)
	SUBS $8, R0
	BNE  loop
	VST1 [V28.S4, V29.S4], (R4)
	RET

// func maxNEON(n int, x *float32) float32
TEXT ·maxNEON(SB), NOSPLIT, $0-20
	MOVD n+0(FP), R0
	MOVD x+8(FP), R1
	VLD1 (R1), [V0.S4, V1.S4]
loop:
	VLD1.P 32(R1), [V2.S4, V3.S4]
	FMAX(2, 0, 0)
	FMAX(3, 1, 1)
	SUBS $8, R0
	BNE  loop
	FMAX(1, 0, 0)
	FMAXV(0, 0)
	FMOVS F0, ret+16(FP)
	RET
