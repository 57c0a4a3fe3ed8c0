package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/trackscribe/trackscribe/internal/report"
)

// An asset is a static file, ready to be sent.
type asset struct {
	kind         string
	hash         string
	plain, small []byte
}

var rootBlock = regexp.MustCompile(`(?s):root \{(.*?)\}`)

// loadAssets reads the embedded files. A page has one style sheet, for which its
// first paint waits: the report's, the player's where there is one, and what
// pages have of their own.
func loadAssets() (map[string]*asset, error) {
	all, sheets := map[string]*asset{}, map[string]string{}
	entries, err := fs.ReadDir(files, "static")
	if err != nil {
		return nil, fmt.Errorf("read assets: %w", err)
	}
	for _, e := range entries {
		b, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
		if path.Ext(e.Name()) == ".css" {
			sheets[e.Name()] = string(b)
		} else if all[e.Name()], err = newAsset(e.Name(), b); err != nil {
			return nil, err
		}
	}
	themed, err := themes(report.Style())
	if err != nil {
		return nil, err
	}
	if all["site.css"], err = newAsset("site.css", []byte(themed+sheets["page.css"])); err != nil {
		return nil, err
	}
	all["recording.css"], err = newAsset("recording.css", []byte(themed+sheets["player.css"]+sheets["page.css"]))
	return all, err
}

// themes adds to the report's style the colours for a chosen theme: those of its
// own two.
func themes(css string) (string, error) {
	roots := rootBlock.FindAllStringSubmatch(css, -1)
	if len(roots) < 2 {
		return "", fmt.Errorf("the report's style has no two themes")
	}
	return css + "\n:root[data-theme=light] { color-scheme: light;" + roots[0][1] + "}\n:root[data-theme=dark] {" + roots[1][1] + "}\n", nil
}

func newAsset(name string, b []byte) (*asset, error) {
	kinds := map[string]string{".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	kind, ok := kinds[path.Ext(name)]
	if !ok {
		return nil, fmt.Errorf("asset %q has no known type", name)
	}
	sum := sha256.Sum256(b)
	var small bytes.Buffer
	z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compress asset: %w", err)
	}
	if _, err := z.Write(b); err != nil {
		return nil, fmt.Errorf("compress asset: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress asset: %w", err)
	}
	return &asset{kind + "; charset=utf-8", hex.EncodeToString(sum[:8]), b, small.Bytes()}, nil
}

// address is where a page finds an asset; empty when there is none such.
func (s *Site) address(name string) string {
	a := s.assets[name]
	if a == nil {
		return ""
	}
	return "/static/" + name + "?v=" + a.hash
}

// Assets serves what lies under /static/. What is asked for by its hash is kept
// for good; the rest is asked for again, by its ETag.
func (s *Site) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := s.assets[strings.TrimPrefix(r.URL.Path, "/static/")]
		if a == nil {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		body, tag := a.plain, `"`+a.hash+`"`
		h.Set("Vary", "Accept-Encoding")
		h.Set("X-Content-Type-Options", "nosniff")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body, tag = a.small, `"`+a.hash+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("ETag", tag)
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "no-cache")
		if r.URL.Query().Get("v") == a.hash {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		if r.Header.Get("If-None-Match") == tag {
			h.Del("Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(body)
		}
	})
}
