package store

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a key, in bytes. S3 allows 1024 for the bucket-relative key, file
// systems 255 for one name.
const (
	MaxKeyLen     = 1024
	MaxSegmentLen = 255
)

// TempPrefix begins the names that a folder keeps for itself while it writes.
// No segment of a key may begin with it, in any store, so that a key that is
// good in one store is good in all.
const TempPrefix = ".tmp-"

// ValidateKey says whether key names an object: slash-separated segments of
// valid UTF-8, none of them empty, "." or "..", none beginning with
// [TempPrefix], without control characters, backslashes or the two code points
// that XML cannot carry. So no leading, trailing or doubled slash either.
// The error wraps ErrBadKey and does not repeat the key.
func ValidateKey(key string) error {
	if key == "" {
		return badKey("it is empty")
	}
	return validate(key, strings.Split(key, "/"))
}

// ValidatePrefix is ValidateKey for the start of keys: it may be empty and may
// end anywhere, also in a slash.
func ValidatePrefix(prefix string) error {
	segments := strings.Split(prefix, "/")
	if last := len(segments) - 1; segments[last] == "" || segments[last] == "." || segments[last] == ".." {
		// The last segment is a beginning: ".." may become "..notes".
		segments = segments[:last]
	}
	return validate(prefix, segments)
}

// ValidateFolder reports whether prefix can be that of Folders: empty, or ending
// with a slash.
func ValidateFolder(prefix string) error {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		return badKey("it does not end with a slash")
	}
	return ValidatePrefix(prefix)
}

func validate(key string, segments []string) error {
	if len(key) > MaxKeyLen {
		return badKey("it has %d bytes, the limit is %d", len(key), MaxKeyLen)
	}
	if !utf8.ValidString(key) {
		return badKey("it is not valid UTF-8")
	}
	for _, r := range key {
		if unicode.IsControl(r) || r == '\\' || r == '\uFFFE' || r == '\uFFFF' {
			return badKey("it has the character %q", r)
		}
	}
	for _, s := range segments {
		switch {
		case s == "":
			return badKey("it has an empty segment (a leading, trailing or doubled slash)")
		case s == "." || s == "..":
			return badKey("it has the segment %q", s)
		case len(s) > MaxSegmentLen:
			return badKey("a segment has %d bytes, the limit is %d", len(s), MaxSegmentLen)
		case strings.HasPrefix(s, TempPrefix):
			return badKey("a segment begins with %q, which is kept for unfinished writes", TempPrefix)
		}
	}
	return nil
}

func badKey(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBadKey}, args...)...)
}
