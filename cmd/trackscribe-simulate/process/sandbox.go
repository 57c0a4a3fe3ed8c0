package process

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// A sandbox is the file system of a pod's main container: folders in place of
// its volumes, and what stands for paths of its image.
type sandbox struct {
	dir   string
	paths []path // the longest first
}

// A path of the container and where it really is.
type path struct{ inside, outside string }

// sandbox makes the folders of a pod.
func (r *Runtime) sandbox(p *kubelet.Pod) (*sandbox, error) {
	dir, err := os.MkdirTemp(r.opt.Dir, p.Object.Name+"-")
	if err != nil {
		return nil, err
	}
	s := &sandbox{dir: dir}
	at, err := r.mounts(p, dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	for inside, outside := range at {
		s.paths = append(s.paths, path{strings.TrimSuffix(inside, "/"), outside})
	}
	slices.SortFunc(s.paths, func(a, b path) int { return len(b.inside) - len(a.inside) })
	return s, nil
}

// mounts makes a folder for each volume of the main container, and returns all
// paths of the container and where they really are.
func (r *Runtime) mounts(p *kubelet.Pod, dir string) (map[string]string, error) {
	at := map[string]string{}
	maps.Copy(at, r.opt.Paths)
	for _, m := range p.Main.VolumeMounts {
		if _, ok := at[m.MountPath]; ok {
			continue
		}
		for _, v := range p.Object.Spec.Volumes {
			if v.Name == m.Name && v.EmptyDir == nil {
				return nil, fmt.Errorf("volume %q at %q is no emptyDir: nothing stands for it", v.Name, m.MountPath)
			}
		}
		at[m.MountPath] = filepath.Join(dir, m.Name, m.SubPath)
		if err := os.MkdirAll(at[m.MountPath], 0o700); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// before and after are what may stand before a path in a word and after it.
const (
	before = "=:,;'\" \t\n"
	after  = "/" + before
)

// translate puts real paths into a word of the container's.
func (s *sandbox) translate(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); {
		if p, ok := s.at(word, i); ok {
			b.WriteString(p.outside)
			i += len(p.inside)
			continue
		}
		b.WriteByte(word[i])
		i++
	}
	return b.String()
}

// at finds the path that begins at a place in a word.
func (s *sandbox) at(word string, i int) (path, bool) {
	if i > 0 && strings.IndexByte(before, word[i-1]) < 0 {
		return path{}, false
	}
	for _, p := range s.paths {
		rest, ok := strings.CutPrefix(word[i:], p.inside)
		if ok && (rest == "" || strings.IndexByte(after, rest[0]) >= 0) {
			return p, true
		}
	}
	return path{}, false
}

// host returns where a path of the container really is.
func (s *sandbox) host(inside string) string {
	for _, p := range s.paths {
		if rest, ok := strings.CutPrefix(inside, p.inside); ok && (rest == "" || rest[0] == '/') {
			return p.outside + rest
		}
	}
	// It is in the image, of which there is none.
	return filepath.Join(s.dir, "image", inside)
}
