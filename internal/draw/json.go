package draw

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Document is the graph as JSON writes it: the contract with other programs.
// Every field is always there, lists are never null and stand in graph order;
// new fields may come.
type Document struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Digest  string `json:"digest"` // graph.Graph.Digest: equal digests do equal work
	Nodes   []Node `json:"nodes"`  // in dependency order
}

// A Node is one step in its place.
type Node struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Summary    string   `json:"summary"`
	Each       string   `json:"each"`       // the output that it fans out over, as "node.port"; empty: it runs once
	Optional   bool     `json:"optional"`   // the run survives its failure
	SideEffect bool     `json:"sideEffect"` // it acts on other people's systems
	Parents    []string `json:"parents"`    // all nodes that it waits for, not only the drawn ones
	After      []string `json:"after"`      // those parents that it waits for without reading from them
	Inputs     []Input  `json:"inputs"`
	Outputs    []Output `json:"outputs"`
	Policy     Policy   `json:"policy"`
}

// An Input is one input port and where it is joined to.
type Input struct {
	Port     string `json:"port"`
	From     string `json:"from"` // "node.port"; empty: joined to nothing
	Type     string `json:"type"` // the document's type, or "bytes"
	Optional bool   `json:"optional"`
	Each     bool   `json:"each"` // it collects one file from every track
}

// An Output is one output port.
type Output struct {
	Port      string `json:"port"`
	Type      string `json:"type"`
	File      string `json:"file"`
	MediaType string `json:"mediaType"`
	Each      bool   `json:"each"` // it is one file per track: a list to fan out over
}

// A Policy says how a node may run. Times are seconds.
type Policy struct {
	TimeoutSeconds   float64 `json:"timeoutSeconds"` // of one attempt
	Retries          int     `json:"retries"`        // further attempts after the first
	FirstWaitSeconds float64 `json:"firstWaitSeconds"`
	Factor           float64 `json:"factor"` // growth from one wait to the next
	MaxWaitSeconds   float64 `json:"maxWaitSeconds"`
	Pool             string  `json:"pool"`
	CPU              float64 `json:"cpu"` // cores
	MemoryMiB        int     `json:"memoryMiB"`
}

// JSON writes g, whole and not reduced, as an indented [Document].
func JSON(w io.Writer, g graph.Graph) error {
	return render(w, g, func(p *picture, b *bytes.Buffer) {
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		_ = enc.Encode(document(p.Graph)) // plain data into memory: cannot fail
	})
}

func document(g graph.Graph) Document {
	d := Document{Name: g.Name, Version: g.Version, Digest: g.Digest(), Nodes: []Node{}}
	for _, n := range g.Nodes {
		d.Nodes = append(d.Nodes, Node{
			Name: n.Name(), Title: n.Title, Summary: n.Step.Summary,
			Each: string(n.Each), Optional: n.Optional, SideEffect: n.Step.SideEffect,
			Parents: append([]string{}, g.Parents(n)...),
			After:   append([]string{}, n.After...),
			Inputs:  inputs(n), Outputs: outputs(n), Policy: policy(n.Policy),
		})
	}
	return d
}

func inputs(n graph.Node) []Input {
	list := []Input{}
	for _, p := range n.Step.Inputs {
		list = append(list, Input{Port: p.Name, From: string(n.From[p.Name]), Type: p.Type, Optional: p.Optional, Each: p.Each})
	}
	return list
}

func outputs(n graph.Node) []Output {
	list := []Output{}
	for _, p := range n.Step.Outputs {
		list = append(list, Output{Port: p.Name, Type: p.Type, File: p.File, MediaType: p.MediaType, Each: p.Each})
	}
	return list
}

func policy(p graph.Policy) Policy {
	return Policy{
		TimeoutSeconds: p.Timeout.Seconds(),
		Retries:        p.Retry.Limit, FirstWaitSeconds: p.Retry.First.Seconds(),
		Factor: p.Retry.Factor, MaxWaitSeconds: p.Retry.Max.Seconds(),
		Pool: string(p.Pool), CPU: p.CPU, MemoryMiB: p.Memory,
	}
}
