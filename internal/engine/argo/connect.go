package argo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // whatever a kubeconfig names
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Access says which cluster is meant and how it is reached. The zero value
// means what kubectl means without flags.
type Access struct {
	Kubeconfig string // path, or several as in KUBECONFIG; empty: ~/.kube/config, or the pod's own
	Context    string
	Namespace  string // empty: the context's
	UI         string // URL of Argo's UI, for links; an Argo Server is its own

	// An Argo Server, used instead of the Kubernetes API when Server is set.
	Server     string // host:port, or a URL
	BaseHRef   string // path that it is served under
	Token      string // "Bearer …" or "Basic …"
	Plain      bool   // HTTP instead of HTTPS
	SkipVerify bool   // trust any certificate

	Agent string // name and version of the program
}

// Connect returns the cluster that a describes. Nothing is sent yet.
func Connect(a Access) (Cluster, error) {
	if a.Server != "" {
		return connectServer(a)
	}
	k, err := ConnectKube(a)
	if err != nil { // a nil *Kube in an interface is not nil
		return nil, err
	}
	return k, nil
}

// ConnectKube returns the cluster as its Kubernetes API, whether or not there
// is an Argo Server, which cannot install.
func ConnectKube(a Access) (*Kube, error) {
	loader := a.loader()
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, noConfig(err)
	}
	namespace, err := a.namespace(loader)
	if err != nil {
		return nil, err
	}
	config.UserAgent = a.Agent
	config.Dial = dial
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, noConfig(err)
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, noConfig(err)
	}
	base.User = nil
	return &Kube{namespace: namespace, ui: a.UI, api: &api{
		client: client, base: strings.TrimRight(base.String(), "/"), header: http.Header{"Accept": {"application/json"}},
		kind:  "the Kubernetes API",
		check: "check --kubeconfig and --context; does kubectl get ns work?",
		trust: "the kubeconfig needs the cluster's own certificate-authority",
		login: "log in to the cluster again; does kubectl auth whoami work?",
	}}, nil
}

// dial gives up early: a cluster that is not there is told within seconds.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: connectTimeout}).DialContext(ctx, network, address)
}

func (a Access) loader() clientcmd.ClientConfig {
	rules := &clientcmd.ClientConfigLoadingRules{}
	switch paths := filepath.SplitList(a.Kubeconfig); len(paths) {
	case 0:
		rules.Precedence = []string{clientcmd.RecommendedHomeFile}
	case 1:
		rules.ExplicitPath = paths[0]
	default:
		rules.Precedence = paths
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: a.Context})
}

// namespace is the one that was asked for, or the context's.
func (a Access) namespace(loader clientcmd.ClientConfig) (string, error) {
	if a.Namespace != "" {
		return a.Namespace, nil
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return "", noConfig(err)
	}
	return namespace, nil
}

func noConfig(err error) error {
	e := &Error{Op: "read", What: "kubeconfig", Kind: ErrNoConfig, Err: err, Advice: "see: kubectl config get-contexts"}
	if clientcmd.IsEmptyConfig(err) {
		e.Op, e.What, e.Err = "find", "a cluster", nil
		e.Advice = "set KUBECONFIG or --kubeconfig for a Kubernetes API, or ARGO_SERVER for an Argo Server"
	}
	return e
}

func connectServer(a Access) (*Server, error) {
	base, err := a.serverURL()
	if err != nil {
		return nil, err
	}
	namespace, err := a.namespace(a.loader())
	if err != nil && !errors.Is(err, ErrNoConfig) {
		return nil, err
	}
	if namespace == "" {
		namespace = "default"
	}
	header := http.Header{"Accept": {"application/json"}, "User-Agent": {a.Agent}}
	if a.Token != "" {
		header.Set("Authorization", a.Token)
	}
	// HTTP/1.1 only: load balancers in front of Argo Servers often know no other.
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial, TLSHandshakeTimeout: connectTimeout,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: a.SkipVerify},
	}
	return &Server{namespace: namespace, grace: podGrace, api: &api{
		client: &http.Client{Transport: transport, CheckRedirect: noLogin}, base: base, header: header,
		kind:  "an Argo Server",
		check: "check ARGO_SERVER, ARGO_SECURE and ARGO_BASE_HREF; without ARGO_SERVER the Kubernetes API is used",
		trust: "for a certificate of its own: ARGO_INSECURE_SKIP_VERIFY=true",
		login: `set ARGO_TOKEN="Bearer …" to a service account's token: kubectl create token NAME -n ` + namespace,
	}}, nil
}

// noLogin keeps a redirect to a login page from looking like an answer.
func noLogin(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// serverURL is where the Argo Server is.
func (a Access) serverURL() (string, error) {
	scheme, host := "https", a.Server
	if a.Plain {
		scheme = "http"
	}
	if before, after, ok := strings.Cut(a.Server, "://"); ok {
		scheme, host = before, after
	}
	host = strings.TrimRight(host, "/")
	u, err := url.Parse(scheme + "://" + host + "/" + strings.Trim(a.BaseHRef, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || scheme != "http" && scheme != "https" {
		return "", &Error{
			Op: "find", What: "an Argo Server", Kind: ErrNoConfig,
			Err: fmt.Errorf("ARGO_SERVER is not usable"), Advice: "write it as host:port, such as argo.example.com:443",
		}
	}
	return strings.TrimRight(u.String(), "/"), nil
}
