package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
)

// filePolicy is what a page among the files may do: nothing but look as it was
// made to. Its words come from people.
const filePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-same-origin"

// resultFile serves a file of the latest finished result.
func (s *Server) resultFile(w http.ResponseWriter, r *http.Request) {
	id, name := r.PathValue("id"), r.PathValue("file")
	index, ok, err := s.index(r.Context(), id)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if name == "result.json" && ok {
		s.file(w, r, run.ResultKey(id, name), "", "application/json", name)
		return
	}
	for _, f := range index.Files {
		if f.Name == name {
			s.file(w, r, run.ResultKey(id, name), f.SHA256, f.MediaType, name)
			return
		}
	}
	s.problem(w, r, http.StatusNotFound, "there is no such file in the result", "")
}

// runFile serves a file that a run made, as soon as it is there.
func (s *Server) runFile(w http.ResponseWriter, r *http.Request) {
	id, name := r.PathValue("id"), r.PathValue("file")
	o, ok, err := s.output(r.Context(), id, r.PathValue("run"), name)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if !ok {
		s.problem(w, r, http.StatusNotFound, "there is no such file of the run", "")
		return
	}
	s.file(w, r, o.Key, o.SHA256, o.MediaType, name)
}

// file serves an object of the store, in parts where these are asked for.
func (s *Server) file(w http.ResponseWriter, r *http.Request, key, sha, media, name string) {
	info, err := s.opt.Store.Stat(r.Context(), key)
	if errors.Is(err, store.ErrNotFound) {
		s.problem(w, r, http.StatusGone, "the file was deleted", "")
		return
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	h := w.Header()
	if media == "" {
		media = mediaOf(name)
	}
	h.Set("Content-Type", media)
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "private, no-cache") // ask, and be told that it is the same
	if sha != "" {
		h.Set("ETag", `"`+sha+`"`)
	}
	if r.URL.Query().Has("download") {
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	body := &object{ctx: r.Context(), store: s.opt.Store, key: key, size: info.Size}
	defer body.close()
	http.ServeContent(w, r, "", time.Time{}, body)
}

// object reads an object of the store from wherever it is told to.
type object struct {
	ctx   context.Context
	store store.Store
	key   string
	size  int64
	at    int64
	body  io.ReadCloser // nil: not open at this place
}

// Read implements [io.Reader].
func (o *object) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.body == nil {
		body, err := o.store.GetRange(o.ctx, o.key, o.at, -1)
		if err != nil {
			return 0, err
		}
		o.body = body
	}
	n, err := o.body.Read(p)
	o.at += int64(n)
	return n, err
}

// Seek implements [io.Seeker].
func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	if offset != o.at {
		o.close()
		o.at = offset
	}
	return offset, nil
}

func (o *object) close() {
	if o.body != nil {
		o.body.Close()
		o.body = nil
	}
}
