package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/trackscribe/trackscribe/internal/serve/progress"
)

type jsonObject = map[string]any

// operation is one of the interface's.
type operation struct {
	id, summary string
	query       []jsonObject
	body        any
	answers     map[int]any // by status: a value of the type, or the media type as a string
}

func parameter(name, kind, about string) jsonObject {
	return jsonObject{"name": name, "in": "query", "description": about, "schema": jsonObject{"type": kind}}
}

// operations are those that are documented, by their pattern.
func operations() map[string]operation {
	problem := problemAnswer{}
	unknown := map[int]any{400: problem, 401: problem, 404: problem, 503: problem}
	with := func(more map[int]any) map[int]any {
		all := maps.Clone(unknown)
		maps.Copy(all, more)
		return all
	}
	return map[string]operation{
		"GET /v1/openapi.json": {id: "openapi", summary: "This document.", answers: map[int]any{200: "application/json", 401: problem}},
		"GET /v1/recordings": {
			id: "listRecordings", summary: "The recordings that you may see, the one that was asked for last first.",
			query: []jsonObject{
				parameter("q", "string", "text in the id, the name or the title, in any case"),
				parameter("state", "string", "queued, running, succeeded, failed or canceled"),
				parameter("offset", "integer", "how many to leave out"),
				parameter("limit", "integer", "at most so many; the most is 500"),
			},
			answers: map[int]any{200: listAnswer{}, 400: problem, 401: problem},
		},
		"GET /v1/recordings/{id}": {id: "getRecording", summary: "A recording: how its newest run stands, node by node, its runs, and the files of its result.", answers: with(map[int]any{200: recordingAnswer{}})},
		"POST /v1/recordings/{id}/runs": {
			id: "startRun", summary: "Ask for a run of a recording that is known here or at the source.",
			body: askedRun{}, answers: with(map[int]any{202: ordered{}, 403: problem, 422: problem}),
		},
		"GET /v1/recordings/{id}/events": {
			id: "followRecording", summary: "What happened in the newest run and what happens, over WebSocket where the request asks for that, else as server-sent events. The data of each message is described by the component Message.",
			query: []jsonObject{
				parameter("last-event-id", "string", "go on after the message with this id (server-sent events: the header Last-Event-ID)"),
				parameter("only", "string", "names of events, with commas between"),
			},
			answers: with(map[int]any{200: "text/event-stream", 101: nil}),
		},
		"GET /v1/recordings/{id}/result/{file}":     {id: "getResultFile", summary: "A file of the latest finished result, or a range of it.", query: []jsonObject{parameter("download", "string", "have browsers save it")}, answers: with(map[int]any{200: "application/octet-stream", 206: "application/octet-stream", 304: nil, 410: problem, 416: "text/plain"})},
		"GET /v1/recordings/{id}/runs/{run}/{file}": {id: "getRunFile", summary: "A file that a run made, as soon as it is there, or a range of it.", query: []jsonObject{parameter("download", "string", "have browsers save it")}, answers: with(map[int]any{200: "application/octet-stream", 206: "application/octet-stream", 304: nil, 410: problem, 416: "text/plain"})},
	}
}

// nullable marks the fields that may be null: pointers that are always there.
func nullable(t reflect.Type, schemas jsonObject) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	s, known := schemas[t.Name()].(jsonObject)
	if t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name, omit, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties, _ := s["properties"].(jsonObject)
		if p, ok := properties[name].(jsonObject); known && ok && f.Type.Kind() == reflect.Pointer && omit == "" && p["anyOf"] == nil {
			properties[name] = jsonObject{"anyOf": []jsonObject{p, {"type": "null"}}}
		}
		nullable(f.Type, schemas)
	}
}

// describe makes the document out of the types.
func describe(t *testing.T) []byte {
	t.Helper()
	schemas := jsonObject{}
	reflector := &invopop.Reflector{Anonymous: true, AllowAdditionalProperties: true}
	ref := func(v any) jsonObject {
		t.Helper()
		name := reflect.TypeOf(v).Name()
		name = strings.ToUpper(name[:1]) + name[1:]
		b, err := json.Marshal(reflector.Reflect(v))
		if err != nil {
			t.Fatal(err)
		}
		var s jsonObject
		if err := json.Unmarshal(bytes.ReplaceAll(b, []byte(`"#/$defs/`), []byte(`"#/components/schemas/`)), &s); err != nil {
			t.Fatal(err)
		}
		maps.Copy(schemas, s["$defs"].(jsonObject))
		nullable(reflect.TypeOf(v), schemas)
		schemas[name] = schemas[reflect.TypeOf(v).Name()]
		if name != reflect.TypeOf(v).Name() {
			delete(schemas, reflect.TypeOf(v).Name())
		}
		return jsonObject{"$ref": "#/components/schemas/" + name}
	}
	ref(progress.Message{})
	paths := jsonObject{}
	for pattern, op := range operations() {
		method, path, _ := strings.Cut(pattern, " ")
		o := jsonObject{"operationId": op.id, "summary": op.summary}
		parameters := op.query
		for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
			parameters = append(parameters, jsonObject{"name": name[1], "in": "path", "required": true, "schema": jsonObject{"type": "string"}})
		}
		if len(parameters) > 0 {
			o["parameters"] = parameters
		}
		if op.body != nil {
			o["requestBody"] = jsonObject{"content": jsonObject{"application/json": jsonObject{"schema": ref(op.body)}}}
		}
		answers := jsonObject{}
		for status, v := range op.answers {
			a := jsonObject{"description": http.StatusText(status)}
			switch v := v.(type) {
			case nil:
			case string:
				a["content"] = jsonObject{v: jsonObject{}}
			default:
				a["content"] = jsonObject{"application/json": jsonObject{"schema": ref(v)}}
			}
			answers[fmt.Sprint(status)] = a
		}
		o["responses"] = answers
		at, _ := paths[path].(jsonObject)
		if at == nil {
			at = jsonObject{}
			paths[path] = at
		}
		at[strings.ToLower(method)] = o
	}
	b, err := json.MarshalIndent(jsonObject{
		"openapi": "3.1.0",
		"info":    jsonObject{"title": "Trackscribe", "version": "1", "description": "Recordings, the runs that process them, and what comes of these."},
		"paths":   paths,
		"components": jsonObject{
			"schemas":         schemas,
			"securitySchemes": jsonObject{"token": jsonObject{"type": "http", "scheme": "bearer"}},
		},
		"security": []jsonObject{{"token": []string{}}},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	want := describe(t)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(document, want) {
		t.Error("openapi.json is not what the types say; run: UPDATE_GOLDEN=1 go test ./internal/serve")
	}
	// What is served under /v1/ is documented, and the other way round.
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, m := range regexp.MustCompile(`"((?:GET|POST) /v1/[^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		routes = append(routes, m[1])
	}
	slices.Sort(routes)
	if documented := slices.Sorted(maps.Keys(operations())); !slices.Equal(routes, documented) {
		t.Errorf("served are %v, documented %v", routes, documented)
	}
}

// CheckAnswer holds an answer against the document that is served.
func CheckAnswer(pattern string, status int, media string, body []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return err
	}
	method, path, _ := strings.Cut(pattern, " ")
	at := func(v any, keys ...string) any {
		for _, k := range keys {
			m, _ := v.(jsonObject)
			v = m[k]
		}
		return v
	}
	responses, _ := at(doc, "paths", path, strings.ToLower(method), "responses").(jsonObject)
	response := responses[fmt.Sprint(status)]
	if response == nil {
		return fmt.Errorf("status %d is not documented", status)
	}
	if at(response, "content", "application/json", "schema") == nil {
		return nil
	}
	if media != "application/json" {
		return fmt.Errorf("it is %q", media)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("http://here/openapi.json", doc); err != nil {
		return err
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	compiled, err := c.Compile("http://here/openapi.json#/paths/" + escape.Replace(path) + "/" + strings.ToLower(method) + "/responses/" + fmt.Sprint(status) + "/content/application~1json/schema")
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}
