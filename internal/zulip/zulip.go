// Package zulip posts messages to a channel of a Zulip server and changes them
// later, through Zulip's REST API (https://zulip.com/api/rest). One call is one
// request; see package remote for what failures mean.
package zulip

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/postzulip"
)

// Options say which server, who posts, and where.
type Options struct {
	Realm   string // host, or a URL
	Email   string // of the bot
	Key     string
	Channel string
	Topic   string
	Timeout time.Duration // of one call; 0: 30 s
}

// A Client posts to one topic of one channel. It implements
// [postzulip.Server].
type Client struct {
	opt    Options
	remote *remote.Client
}

// New returns a client.
func New(o Options) *Client {
	base := o.Realm
	if !strings.Contains(base, "://") {
		base = "https://" + base
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return &Client{opt: o, remote: &remote.Client{
		Service: "Zulip", Setting: "ZULIP_REALM", KeyName: "ZULIP_API_KEY", Base: base, Timeout: o.Timeout,
		Authorize: func(r *http.Request) { r.SetBasicAuth(o.Email, o.Key) },
		Secrets:   []string{o.Key},
		// A POST that is redirected becomes a GET, and answers something else.
		Transport: remote.Direct(remote.NewTransport()),
	}}
}

// Place implements [postzulip.Server].
func (c *Client) Place() postzulip.Place {
	host := c.opt.Realm
	if u, err := url.Parse(c.remote.Base); err == nil {
		host = u.Host
	}
	return postzulip.Place{Server: host, Channel: c.opt.Channel, Topic: c.opt.Topic}
}

// Post implements [postzulip.Server].
func (c *Client) Post(ctx context.Context, content string) (int64, error) {
	var answer struct {
		ID int64 `json:"id"`
	}
	err := c.call(ctx, http.MethodPost, "/api/v1/messages", "post a message", url.Values{
		"type": {"stream"}, "to": {c.opt.Channel}, "topic": {c.opt.Topic}, "content": {content},
	}, &answer)
	if err == nil && answer.ID == 0 {
		return 0, remote.NewError("Zulip", "post a message", steps.Transient, "", "its answer has no message id")
	}
	return answer.ID, err
}

// Update implements [postzulip.Server].
func (c *Client) Update(ctx context.Context, id int64, content string) error {
	err := c.call(ctx, http.MethodPatch, "/api/v1/messages/"+strconv.FormatInt(id, 10), "change the message", url.Values{
		"content": {content},
	}, nil)
	var e *remote.Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		return err
	}
	// Zulip has no codes for these. Its texts are English because we ask for it.
	switch {
	case strings.Contains(e.Said, "Invalid message"): // gone, or we must not see it
		return postzulip.ErrGone
	case strings.Contains(e.Said, "time limit for editing"), strings.Contains(e.Said, "permission to edit"), strings.Contains(e.Said, "turned off message editing"):
		return postzulip.ErrFixed
	}
	return err
}

// recent is how many messages of a topic are looked through.
const recent = 200

// Find implements [postzulip.Server].
func (c *Client) Find(ctx context.Context, line string) (int64, error) {
	narrow := remote.JSONBody([]map[string]string{
		{"operator": "stream", "operand": c.opt.Channel},
		{"operator": "topic", "operand": c.opt.Topic},
		{"operator": "sender", "operand": c.opt.Email},
	})
	var answer struct {
		Messages []struct {
			ID      int64  `json:"id"`
			Content string `json:"content"`
		} `json:"messages"`
	}
	err := c.remote.JSON(ctx, remote.Request{
		Op: "look for the message", Path: "/api/v1/messages", Header: english(), Query: url.Values{
			"anchor": {"newest"}, "num_before": {strconv.Itoa(recent)}, "num_after": {"0"}, "apply_markdown": {"false"}, "narrow": {string(narrow)},
		},
	}, &answer)
	var id int64
	for _, m := range answer.Messages {
		if slices.Contains(strings.Split(m.Content, "\n"), line) {
			id = max(id, m.ID)
		}
	}
	return id, err
}

// english asks for error texts that can be told apart.
func english() http.Header { return http.Header{"Accept-Language": {"en"}} }

// Check asks who the key belongs to, and whether the channel is there. It
// changes nothing.
func (c *Client) Check(ctx context.Context) error {
	if err := c.get(ctx, "/api/v1/users/me", "ask who we are", nil); err != nil {
		return err
	}
	return c.get(ctx, "/api/v1/get_stream_id", "look for the channel", url.Values{"stream": {c.opt.Channel}})
}

func (c *Client) get(ctx context.Context, path, op string, query url.Values) error {
	var any map[string]any
	return c.remote.JSON(ctx, remote.Request{Op: op, Path: path, Query: query}, &any)
}

func (c *Client) call(ctx context.Context, method, path, op string, form url.Values, v any) error {
	req := remote.Request{Op: op, Method: method, Path: path, Header: english(), Body: []byte(form.Encode()), ContentType: "application/x-www-form-urlencoded"}
	var answer map[string]any
	if v == nil {
		v = &answer
	}
	return c.remote.JSON(ctx, req, v)
}
