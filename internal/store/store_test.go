package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/trackscribe/trackscribe/internal/store"
)

func TestIsTransient(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"not found", store.ErrNotFound, false},
		{"unknown", errors.New("odd"), false},
		{"canceled", context.Canceled, false},
		{"deadline", fmt.Errorf("read: %w", context.DeadlineExceeded), true},
		{"refused", refused, true},
		{"refused, wrapped", &url.Error{Op: "Get", Err: refused}, true},
		{"no such host", &net.DNSError{Err: "no such host", IsNotFound: true}, true},
		{"cut off", io.ErrUnexpectedEOF, true},
		{"reset", syscall.ECONNRESET, true},
		{"end", io.EOF, false},
		{"disk full", &fs.PathError{Op: "write", Path: "p", Err: syscall.ENOSPC}, false},
		{"no such file", &fs.PathError{Op: "open", Path: "p", Err: syscall.ENOENT}, false},
		{"told transient", &store.Error{Op: "get", Transient: true}, true},
		{"told permanent", &store.Error{Op: "get", Err: refused}, false},
		{"the outermost decides", &store.Error{Op: "put", Transient: true, Err: &store.Error{Op: "get"}}, true},
	} {
		if got := store.IsTransient(test.err); got != test.want {
			t.Errorf("%s: IsTransient(%v) = %t, want %t", test.name, test.err, got, test.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("because")
	for _, test := range []struct {
		err  *store.Error
		want string
	}{
		{&store.Error{Op: "get", Key: "a b"}, `get "a b"`},
		{&store.Error{Op: "get", Key: "k", Kind: store.ErrDenied, Err: cause}, `get "k": access denied: because`},
		{&store.Error{Op: "list", Err: cause}, `list: because`},
		{&store.Error{Op: "put", Key: strings.Repeat("x", 5000)}, `put "` + strings.Repeat("x", 256) + `"...`},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("error text is %q, want %q", got, test.want)
		}
		for _, inner := range []error{test.err.Kind, test.err.Err} {
			if inner != nil && !errors.Is(test.err, inner) {
				t.Errorf("%v is not %v", test.err, inner)
			}
		}
	}
	hinted := &store.Error{Op: "get", Advice: "do this"}
	if hinted.Hint() != "do this" {
		t.Errorf("hint is %q", hinted.Hint())
	}
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// The end of the data may come with the last bytes or after them, and in pieces
// of any size.
func TestVerifyAnyReader(t *testing.T) {
	t.Parallel()
	const content = "some content that is long enough to be read in pieces"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"plain":    func(r io.Reader) io.Reader { return r },
		"byte":     iotest.OneByteReader,
		"half":     iotest.HalfReader,
		"data+EOF": iotest.DataErrReader,
	} {
		for _, test := range []struct {
			sum  string
			size int64
			want error
		}{
			{sha(content), int64(len(content)), nil},
			{sha("other"), int64(len(content)), store.ErrMismatch},
			{"", int64(len(content)) - 1, store.ErrMismatch},
			{"", int64(len(content)) + 1, store.ErrMismatch},
			{"", 0, store.ErrMismatch},
		} {
			r := store.Verify(io.NopCloser(wrap(strings.NewReader(content))), test.sum, test.size)
			if _, err := io.Copy(io.Discard, r); !errors.Is(err, test.want) {
				t.Errorf("%s: sum %.8s size %d: error is %v, want %v", name, test.sum, test.size, err, test.want)
			}
		}
	}
}

// What breaks on the way is not a damaged object.
func TestVerifyPassesErrors(t *testing.T) {
	t.Parallel()
	for _, broken := range []error{io.ErrUnexpectedEOF, context.Canceled, errors.New("odd")} {
		r := store.Verify(io.NopCloser(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))), sha("half a loaf"), 11)
		_, err := io.Copy(io.Discard, r)
		if !errors.Is(err, broken) || errors.Is(err, store.ErrMismatch) {
			t.Errorf("error is %v, want %v alone", err, broken)
		}
		if _, again := r.Read(make([]byte, 1)); !errors.Is(again, broken) {
			t.Errorf("second error is %v, want %v", again, broken)
		}
	}
}

// endless has one object: JSON that does not stop.
type endless struct{ store.Store }

func (endless) Get(context.Context, string) (io.ReadCloser, store.Info, error) {
	return io.NopCloser(iotest.DataErrReader(blanks{})), store.Info{}, nil
}

type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestGetJSONIsBounded(t *testing.T) {
	t.Parallel()
	var v any
	if _, err := store.GetJSON(t.Context(), endless{}, "key", &v); err == nil || store.IsTransient(err) {
		t.Errorf("error is %v, want a permanent one", err)
	}
}

func TestPutJSONRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	if _, err := store.PutJSON(t.Context(), endless{}, "key", func() {}, store.PutOptions{}); err == nil || store.IsTransient(err) {
		t.Errorf("error is %v, want a permanent one", err)
	}
}
