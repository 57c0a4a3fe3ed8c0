package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/trackscribe/trackscribe/internal/engine/argo"
	render "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Cluster returns the checks of a cluster with Argo Workflows. configured says
// that somebody named one: without, none is no failure.
func Cluster(access argo.Access, g graph.Graph, prefix string, configured bool) []Check {
	connect := func(ctx context.Context, look func(argo.Cluster) Finding) Finding {
		c, err := argo.Connect(access)
		if err != nil {
			if configured {
				return failed(err)
			}
			return skipped("there is no kubeconfig and no ARGO_SERVER")
		}
		return look(c)
	}
	return []Check{
		{"cluster", func(ctx context.Context) Finding {
			return connect(ctx, func(c argo.Cluster) Finding {
				version, err := c.Version(ctx)
				if err != nil {
					return failed(err)
				}
				return ok("%s, namespace %s", version, c.Namespace())
			})
		}},
		{"permissions", func(ctx context.Context) Finding {
			return connect(ctx, func(c argo.Cluster) Finding {
				k, isKube := c.(*argo.Kube)
				if !isKube {
					return skipped("an Argo Server does not tell what one may do")
				}
				missing, err := k.Lacks(ctx)
				if err != nil {
					return failed(err)
				}
				return permitted(missing, c.Namespace())
			})
		}},
		{"template", func(ctx context.Context) Finding {
			return connect(ctx, func(c argo.Cluster) Finding {
				t, err := c.Template(ctx, render.AliasName(prefix, g))
				if errors.Is(err, argo.ErrNotFound) {
					return warn("trackscribe install -n "+c.Namespace(), "the pipeline is not installed in namespace %s", c.Namespace())
				}
				if err != nil {
					return failed(err)
				}
				if err := argo.CheckTemplate(t, g); err != nil {
					return failed(err)
				}
				if k, isKube := c.(*argo.Kube); isKube {
					to := t.Annotations[render.AnnotationTemplate]
					versioned, err := c.Template(ctx, to)
					if err == nil {
						err = k.Startable(ctx, versioned.Spec)
					}
					if err != nil {
						return failed(fmt.Errorf("%s: %w", to, err))
					}
				}
				return ok("the pipeline is installed, of this program's graph, and its pods can start")
			})
		}},
	}
}

// permitted tells what one may not do. Without what one command alone needs, the
// others work.
func permitted(missing []argo.Right, namespace string) Finding {
	if len(missing) == 0 {
		return ok("you may submit, watch, retry, stop and delete runs, and read their logs")
	}
	f := Finding{State: Warn, Do: "ask for a Role in namespace " + namespace + " that allows it, such as examples/rbac/user.yaml"}
	var list []string
	for _, r := range missing {
		text := r.Verb + " " + r.Resource
		if r.Command == "" {
			f.State = Fail
		} else {
			text += ", which trackscribe " + r.Command + " needs"
		}
		list = append(list, text)
	}
	f.Found = "you may not " + strings.Join(list, "; ")
	return f
}
