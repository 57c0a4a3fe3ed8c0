package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// MaxJSON is the largest object, in bytes, that GetJSON reads into memory.
const MaxJSON = 64 << 20

// PutJSON writes v as indented JSON with a final newline. The bytes depend on
// v alone. ContentType is application/json unless opt names another.
func PutJSON(ctx context.Context, s Store, key string, v any, opt PutOptions) (Info, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return Info{}, &Error{Op: "put", Key: key, Err: fmt.Errorf("encode JSON: %w", err)}
	}
	if opt.ContentType == "" {
		opt.ContentType = "application/json"
	}
	return s.Put(ctx, key, bytes.NewReader(append(data, '\n')), opt)
}

// GetJSON reads the object into v and returns its Info, SHA256 included.
// Fields that v does not have are ignored; an object that is not one JSON value,
// or is larger than MaxJSON, is a permanent error.
func GetJSON(ctx context.Context, s Store, key string, v any) (Info, error) {
	rc, info, err := s.Get(ctx, key)
	if err != nil {
		return Info{}, err
	}
	defer rc.Close()
	data, err := io.ReadAll(io.LimitReader(rc, MaxJSON+1))
	if err != nil {
		return Info{}, err
	}
	if len(data) > MaxJSON {
		return Info{}, &Error{Op: "get", Key: key, Err: fmt.Errorf("more than %d bytes of JSON", MaxJSON)}
	}
	if err := json.Unmarshal(data, v); err != nil {
		return Info{}, &Error{Op: "get", Key: key, Err: fmt.Errorf("decode JSON: %w", err)}
	}
	sum := sha256.Sum256(data)
	info.SHA256 = hex.EncodeToString(sum[:])
	return info, nil
}
