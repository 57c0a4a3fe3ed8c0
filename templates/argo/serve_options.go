package argo

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/trackscribe/trackscribe/steps"
)

// Serve is the process on the cluster that takes Daily's webhook, starts runs and
// shows them.
type Serve struct {
	Enabled  bool   `json:"enabled,omitempty"`  // nothing of it is rendered otherwise
	Source   string `json:"source,omitempty"`   // of recordings that no webhook told of, as of reprocess; default daily
	Replicas int32  `json:"replicas,omitempty"` // default 1, which leaves the number to an autoscaler
	Port     int32  `json:"port,omitempty"`     // of the container; default 8080
	// Host makes an Ingress for that name; empty: none.
	Host         string            `json:"host,omitempty"`
	TLSSecret    string            `json:"tlsSecret,omitempty"`    // with the host's certificate; empty: whoever is in front has it
	IngressClass string            `json:"ingressClass,omitempty"` // empty: the cluster's default
	Annotations  map[string]string `json:"annotations,omitempty"`  // of the Ingress
}

func (s *Serve) complete() {
	if !s.Enabled {
		return
	}
	set(&s.Source, "daily")
	set(&s.Replicas, 1)
	set(&s.Port, 8080)
}

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$`)

func (s Serve) check() error {
	const see = "see: trackscribe render --help"
	switch {
	case !s.Enabled && !reflect.ValueOf(s).IsZero():
		return steps.Wrong("add --serve, or in the options file serve: {enabled: true}", "there are options for the serve process, and it is not wanted")
	case !s.Enabled:
		return nil
	case s.Replicas < 1:
		return steps.Wrong(see, "%d replicas of the serve process cannot serve", s.Replicas)
	case s.Port < 1024 || s.Port > 65535:
		return steps.Wrong("use a port from 1024 to 65535", "the serve process, which is not root, cannot listen at port %d", s.Port)
	case !isDaily(s.Source) && !strings.HasPrefix(s.Source, "s3://"):
		return steps.Wrong("use daily, or an s3:// prefix whose folders are recordings", "source %q is not usable on a cluster", s.Source)
	case s.Host != "" && (!hostName.MatchString(s.Host) || len(s.Host) > 253):
		return steps.Wrong("give its name alone, such as meetings.example.com", "host %q is no name of a host", s.Host)
	case s.Host == "" && (s.TLSSecret != "" || s.IngressClass != "" || len(s.Annotations) > 0):
		return steps.Wrong("add --serve-host", "there are options for an Ingress, and no host that it is for")
	}
	return nil
}
