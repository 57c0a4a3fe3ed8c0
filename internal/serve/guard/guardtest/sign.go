package guardtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
)

// sign makes a JSON web token (https://www.rfc-editor.org/rfc/rfc7515), rightly
// or as the fault has it.
func (p *Provider) sign(claims map[string]any) string {
	header := map[string]string{"typ": "JWT", "alg": "ES256", "kid": p.keyID}
	switch p.fault {
	case Unsigned:
		header["alg"] = "none"
	case Symmetric:
		header["alg"] = "HS256"
	}
	text := encode(marshal(header)) + "." + encode(marshal(claims))
	sum := sha256.Sum256([]byte(text))
	switch p.fault {
	case Unsigned:
		return text + "."
	case Symmetric:
		mac := hmac.New(sha256.New, []byte(ClientSecret))
		mac.Write([]byte(text))
		return text + "." + encode(mac.Sum(nil))
	}
	key := p.key
	if p.fault == WrongSignature {
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		key = other
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + encode(signature)
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
