package draw_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

var usual = graph.Policy{
	Timeout: 10 * time.Minute,
	Retry:   graph.Retry{Limit: 3, First: 5 * time.Second, Factor: 2, Max: time.Minute},
	Pool:    graph.IO, CPU: 0.5, Memory: 256,
}

// node makes a node with one output, "out", and one optional or required input
// per parent. A parent is written "name", or "name?" when the node can do
// without it, or "name*" when it collects from all tracks.
func node(name, title string, pool graph.Pool, parents ...string) graph.Node {
	n := graph.Node{
		Step:   steps.Spec{Name: name, Version: "1", Summary: "Does the work of " + name},
		Title:  title,
		From:   graph.From{},
		Policy: usual,
	}
	n.Policy.Pool = pool
	n.Step.Outputs = []steps.Port{{Name: "out", Type: "bytes", File: "out.bin", MediaType: "application/octet-stream"}}
	for _, p := range parents {
		port := steps.Port{Name: p, Type: "bytes"}
		switch p[len(p)-1] {
		case '?':
			port.Name, port.Optional = p[:len(p)-1], true
		case '*':
			port.Name, port.Each = p[:len(p)-1], true
		}
		n.Step.Inputs = append(n.Step.Inputs, port)
		n.From[port.Name] = graph.Ref(port.Name + ".out")
	}
	return n
}

func each(n graph.Node) graph.Node     { n.Each = "get-recording.tracks"; return n }
func optional(n graph.Node) graph.Node { n.Optional = true; return n }
func effect(n graph.Node) graph.Node   { n.Step.SideEffect = true; return n }

// meeting is a graph of the real pipeline's shape, with edges that longer
// paths imply.
func meeting() graph.Graph {
	source := node("get-recording", "Find the tracks", graph.IO)
	source.Step.Outputs = append(source.Step.Outputs, steps.Port{
		Name: "tracks", Type: "artifact.Track", File: "track.json", MediaType: "application/json", Each: true,
	})
	zulip := effect(node("post-zulip", "Post to Zulip", graph.IO, "finalize"))
	zulip.After = []string{"cleanup-consent"}
	webhook := effect(node("send-webhook", "Send the webhook", graph.IO, "finalize"))
	webhook.After = []string{"cleanup-consent"}
	return graph.Graph{Name: "multitrack", Version: "1.2", Nodes: []graph.Node{
		source,
		node("get-participants", "Find the participants", graph.IO, "get-recording"),
		each(node("pad-track", "Align the track", graph.IO)),
		each(node("transcribe-track", "Transcribe the track", graph.ASR, "pad-track")),
		optional(node("mixdown-tracks", "Mix the tracks", graph.CPU, "pad-track*")),
		optional(node("generate-waveform", "Draw the waveform", graph.CPU, "mixdown-tracks")),
		node("merge-transcripts", "Merge the transcripts", graph.CPU, "get-recording", "get-participants", "pad-track*", "transcribe-track*"),
		optional(node("detect-topics", "Find the topics", graph.LLM, "merge-transcripts")),
		optional(node("generate-title", "Choose a title", graph.LLM, "merge-transcripts", "detect-topics?")),
		optional(node("generate-summary", "Summarise", graph.LLM, "merge-transcripts", "detect-topics?")),
		node("finalize", "Publish the result", graph.IO, "get-recording", "merge-transcripts", "mixdown-tracks?",
			"generate-waveform?", "detect-topics?", "generate-title?", "generate-summary?"),
		effect(node("cleanup-consent", "Honour consent", graph.IO, "finalize")),
		zulip,
		webhook,
	}}
}

// random makes a graph of n nodes whose edges the seed decides.
func random(seed uint64, n int) graph.Graph {
	r := rand.New(rand.NewPCG(seed, 7))
	g := graph.Graph{Name: "random", Version: "0"}
	pools := []graph.Pool{graph.IO, graph.CPU, graph.ASR, graph.LLM, "gpu"}
	for i := range n {
		var parents []string
		for k := range i {
			if r.IntN(i+2) < 2 {
				p := fmt.Sprintf("step-%d", k)
				if r.IntN(4) == 0 {
					p += "?"
				}
				parents = append(parents, p)
			}
		}
		m := node(fmt.Sprintf("step-%d", i), strings.Repeat("Word ", 1+r.IntN(5)), pools[r.IntN(len(pools))], parents...)
		m.Optional = r.IntN(5) == 0
		m.Step.SideEffect = r.IntN(6) == 0
		g.Nodes = append(g.Nodes, m)
	}
	return g
}
