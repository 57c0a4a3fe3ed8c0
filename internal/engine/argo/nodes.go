package argo

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// What Argo writes on its objects. Its package with these names drags in half
// of its controller.
const (
	labelWorkflow  = "workflows.argoproj.io/workflow" // on pods
	labelCompleted = "workflows.argoproj.io/completed"
	labelPhase     = "workflows.argoproj.io/phase"
	labelArchiving = "workflows.argoproj.io/workflow-archiving-status"
	podNameFormat  = "workflows.argoproj.io/pod-name-format"
)

// maxNodes is how large, unpacked, the nodes of a Workflow may be: far more
// than Argo ever lets them get.
const maxNodes = 64 << 20

// hydrate gives a Workflow the nodes that were packed because they are many.
func hydrate(wf *wfv1.Workflow) (*wfv1.Workflow, error) {
	if wf.Status.CompressedNodes == "" || len(wf.Status.Nodes) > 0 {
		if wf.Status.OffloadNodeStatusVersion != "" && len(wf.Status.Nodes) == 0 {
			return wf, &Error{
				Op: "read the nodes of", What: "workflow", Name: wf.Name,
				Err: errors.New("they lie in Argo's database"), Advice: "set ARGO_SERVER: only an Argo Server reads that database",
			}
		}
		return wf, nil
	}
	b, err := unpack(wf.Status.CompressedNodes)
	if err == nil {
		err = json.Unmarshal(b, &wf.Status.Nodes)
	}
	if err != nil {
		return wf, &Error{Op: "unpack the nodes of", What: "workflow", Name: wf.Name, Err: err}
	}
	return wf, nil
}

func unpack(text string) ([]byte, error) {
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(z, maxNodes+1))
	if err == nil && len(b) > maxNodes {
		err = fmt.Errorf("more than %d bytes", maxNodes)
	}
	return b, err
}

func pack(b []byte) (string, error) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

// podName is the name that Argo gives to a node's pod.
func podName(wf *wfv1.Workflow, n wfv1.NodeStatus) string {
	const longest = 253 - 10 - 1 // room for a dash and the hash
	if wf.Annotations[podNameFormat] == "v1" {
		return n.ID
	}
	if n.Name == wf.Name {
		return wf.Name
	}
	prefix := wf.Name
	if template := templateOf(n); template != "" {
		prefix += "-" + template
	}
	if len(prefix) > longest {
		prefix = prefix[:longest]
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(n.Name))
	return fmt.Sprintf("%s-%d", prefix, h.Sum32())
}

// within reports whether the node called inner is part of the one called
// outer: Argo's names are paths ("run.track(1:2).pad-track(0)").
func within(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return ok && rest != "" && strings.ContainsRune(".([", rune(rest[0]))
}

func seconds(d time.Duration) string { return decimal(int64(d / time.Second)) }
func decimal(n int64) string         { return strconv.FormatInt(n, 10) }
