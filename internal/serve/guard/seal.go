package guard

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// sealer makes cookies that nobody else can read or make.
type sealer struct {
	aead cipher.AEAD
	now  func() time.Time
}

func newSealer(key string, now func() time.Time) (*sealer, error) {
	secret := []byte(key)
	if key == "" {
		secret = make([]byte, 32)
		_, _ = rand.Read(secret) // it never fails on the systems Go supports
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, "trackscribe serve cookies", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &sealer{aead, now}, err
}

// sealed is what a cookie holds.
type sealed struct {
	Until int64           `json:"u"` // Unix seconds
	Value json.RawMessage `json:"v"`
}

// close seals v for the cookie of that name.
func (s *sealer) close(name string, v any, life time.Duration) string {
	value, err := json.Marshal(v)
	if err != nil {
		return "" // opens to nothing
	}
	b, err := json.Marshal(sealed{s.now().Add(life).Unix(), value})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, b, []byte(name)))
}

// open reads a cookie that was made for that name and has not run out.
func (s *sealer) open(name, text string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	plain, err := s.aead.Open(nil, nil, b, []byte(name))
	if err != nil {
		return false
	}
	var c sealed
	if json.Unmarshal(plain, &c) != nil || s.now().Unix() >= c.Until {
		return false
	}
	return json.Unmarshal(c.Value, v) == nil
}
