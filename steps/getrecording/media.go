package getrecording

import (
	"path"
	"slices"
	"strings"
)

// others are the extensions of files that are no tracks here, and can be heard
// all the same.
var others = []string{
	".3gp", ".aac", ".ac3", ".aif", ".aiff", ".amr", ".avi", ".caf", ".flac", ".m2ts", ".m4a", ".m4v", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg",
	".mpg", ".ogv", ".ogx", ".spx", ".wma", ".wmv",
}

// IsMedia reports whether a file at a source may hold sound: an audio, screen
// or video track by Daily's name, or any audio or video file by its extension.
// Whatever else people keep beside a recording is none.
func IsMedia(key string) bool {
	base := path.Base(key)
	ext := strings.ToLower(path.Ext(base))
	return slices.Contains(extensions, ext) || slices.Contains(others, ext) ||
		trackName.MatchString(base) || trackName.MatchString(strings.TrimSuffix(base, path.Ext(base))) && ext != ".json"
}
