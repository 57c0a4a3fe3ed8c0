package draw

import (
	"fmt"
	"strings"

	"github.com/trackscribe/trackscribe/templates/graph"
)

// kind returns the class of a node's card: its pool, or that it acts on the
// outside.
func kind(n graph.Node) string {
	if n.Step.SideEffect {
		return "fx"
	}
	if _, ok := signs[string(n.Policy.Pool)]; ok {
		return string(n.Policy.Pool)
	}
	return "any"
}

// kinds lists the kinds in the legend's order.
var kinds = []string{"io", "cpu", "asr", "llm", "any", "fx"}

var kindNames = map[string]string{
	"io": "files and network", "cpu": "processing", "asr": "speech recognition",
	"llm": "language", "any": "other work", "fx": "side effect",
}

// signs are the icons: strokes on 16 by 16 units.
var signs = map[string]string{
	"io":  "M5 13V3M2 6l3-3 3 3M11 3v10M8 10l3 3 3-3",
	"cpu": "M1.5 7v2M4.75 4.5v7M8 1.5v13M11.25 4.5v7M14.5 7v2",
	"asr": "M8 1a2.5 2.5 0 0 0-2.5 2.5v4a2.5 2.5 0 0 0 5 0v-4A2.5 2.5 0 0 0 8 1ZM3 7.5a5 5 0 0 0 10 0M8 12.5V15",
	"llm": "M7 2l1.5 4.5L13 8 8.5 9.5 7 14 5.5 9.5 1 8l4.5-1.5ZM13 1v4M11 3h4",
	"any": "M8 3a5 5 0 1 0 .01 0Z",
	"fx":  "M7 3H2.5v10.5H13V9M9.5 1.5h5v5M14.5 1.5 7.5 8.5",
}

// A theme is one set of colours. Of each kind there is one colour; its icon's
// square has the same one, thinned.
type theme struct {
	page, frame, card, rim, title, name, line string
	kind                                      map[string]string
}

var (
	light = theme{
		page: "#fbfcfd", frame: "#e3e7ec", card: "#fff", rim: "#cfd6de",
		title: "#1c2530", name: "#66717f", line: "#7f8c9b",
		kind: map[string]string{"io": "#3b6fd4", "cpu": "#0b8a7a", "asr": "#8a4bd0", "llm": "#b7791f", "any": "#66717f", "fx": "#d6336c"},
	}
	dark = theme{
		page: "#10151c", frame: "#252e39", card: "#19212b", rim: "#3a4655",
		title: "#e9eef4", name: "#93a0af", line: "#64717f",
		kind: map[string]string{"io": "#7aa7ff", "cpu": "#3ccab5", "asr": "#c193ff", "llm": "#f0b656", "any": "#93a0af", "fx": "#ff7ba5"},
	}
)

// style writes the style sheet: shapes and type once, colours per theme, only
// what the picture uses.
func style(p *picture) string {
	used := map[string]bool{}
	for _, n := range p.Nodes {
		used[kind(n)] = true
	}
	var b strings.Builder
	b.WriteString("<style>\n" +
		".ts text{font:11px system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}\n" +
		".ts .t{font-size:13.5px;font-weight:600}\n" +
		".ts .s{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,\"Liberation Mono\",monospace}\n" +
		".ts .bt{font-size:9px;font-weight:600;text-anchor:middle;fill:currentColor}\n" +
		".ts .b,.ts .i{fill:currentColor;fill-opacity:.13}\n" +
		".ts .g{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}\n" +
		".ts .e path{fill:none;stroke-width:1.6;marker-start:url(#ts-a)}\n" +
		".ts .opt .c,.ts .soft{stroke-dasharray:5 4}\n" +
		".ts .n.fx .c{stroke:currentColor;stroke-width:1.5}\n")
	light.rules(&b, used)
	b.WriteString("@media(prefers-color-scheme:dark){\n")
	dark.rules(&b, used)
	b.WriteString("}\n</style>\n" +
		`<defs><marker id="ts-a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path class="a" d="M0 .8 7.5 4 0 7.2Z"/></marker></defs>` + "\n")
	return b.String()
}

func (t theme) rules(b *strings.Builder, used map[string]bool) {
	fmt.Fprintf(b, ".ts .bg{fill:%s;stroke:%s}\n", t.page, t.frame)
	fmt.Fprintf(b, ".ts .c{fill:%s;stroke:%s}\n", t.card, t.rim)
	fmt.Fprintf(b, ".ts .opt .c{stroke:%s}\n", t.line)
	fmt.Fprintf(b, ".ts .t{fill:%s}.ts .s,.ts .k{fill:%s}\n", t.title, t.name)
	fmt.Fprintf(b, ".ts .e path{stroke:%s}.ts .a{fill:%s}\n", t.line, t.line)
	for _, k := range kinds {
		if used[k] {
			fmt.Fprintf(b, ".ts .%s{color:%s}\n", k, t.kind[k])
		}
	}
}
