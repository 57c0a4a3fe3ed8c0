package kubeapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedv1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubeapi"
)

var birth = time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)

// start returns a client of a new server.
func start(t *testing.T) (kubernetes.Interface, *kubeapi.Server) {
	t.Helper()
	api := kubeapi.New(func() time.Time { return birth })
	s := httptest.NewServer(api)
	// Closed without waiting for open watches, which end with their clients.
	t.Cleanup(s.CloseClientConnections)
	c, err := kubernetes.NewForConfig(&rest.Config{
		Host: s.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, api
}

func pods(t *testing.T) typedv1.PodInterface {
	t.Helper()
	c, _ := start(t)
	return c.CoreV1().Pods("one")
}

func create(t *testing.T, c typedv1.PodInterface, name, colour string) *corev1.Pod {
	t.Helper()
	p, err := c.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"colour": colour}}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func paint(t *testing.T, c typedv1.PodInterface, name, colour string) *corev1.Pod {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"labels":{"colour":%q}}}`, colour)
	p, err := c.Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCreate(t *testing.T) {
	t.Parallel()
	c := pods(t)
	p := create(t, c, "a", "red")
	if p.Namespace != "one" || p.UID == "" || p.ResourceVersion == "" || !p.CreationTimestamp.Equal(&metav1.Time{Time: birth}) {
		t.Errorf("created %+v", p.ObjectMeta)
	}
	if p.Status.Phase != corev1.PodPending {
		t.Errorf("a new pod is %q, want Pending", p.Status.Phase)
	}
	if _, err := c.Create(t.Context(), p, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("created again: %v", err)
	}
	if _, err := c.Create(t.Context(), &corev1.Pod{}, metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("created without a name: %v", err)
	}
	named, err := c.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "b-"}}, metav1.CreateOptions{})
	if err != nil || !strings.HasPrefix(named.Name, "b-") || named.Name == "b-" {
		t.Errorf("created %q: %v", named.Name, err)
	}
	if _, err := c.Get(t.Context(), "gone", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("read what is not there: %v", err)
	}
}

func TestListSelects(t *testing.T) {
	t.Parallel()
	client, _ := start(t)
	c := client.CoreV1().Pods("one")
	create(t, c, "b", "red")
	create(t, c, "a", "red")
	create(t, c, "c", "blue")
	create(t, client.CoreV1().Pods("two"), "d", "red")
	for _, q := range []struct {
		namespace string
		opt       metav1.ListOptions
		want      string
	}{
		{"one", metav1.ListOptions{}, "a b c"},
		{"one", metav1.ListOptions{LabelSelector: "colour=red"}, "a b"},
		{"one", metav1.ListOptions{LabelSelector: "colour!=red"}, "c"},
		{"", metav1.ListOptions{LabelSelector: "colour in (red)"}, "a b d"},
		{"", metav1.ListOptions{FieldSelector: "metadata.name=d"}, "d"},
		{"one", metav1.ListOptions{FieldSelector: "status.phase=Pending", LabelSelector: "colour"}, "a b c"},
		{"three", metav1.ListOptions{}, ""},
	} {
		list, err := client.CoreV1().Pods(q.namespace).List(t.Context(), q.opt)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range list.Items {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != q.want {
			t.Errorf("list %q %+v: %q, want %q", q.namespace, q.opt, got, q.want)
		}
	}
	if _, err := c.List(t.Context(), metav1.ListOptions{LabelSelector: "a=b=c"}); !apierrors.IsBadRequest(err) {
		t.Errorf("list by a broken selector: %v", err)
	}
}

func TestUpdateIsOptimistic(t *testing.T) {
	t.Parallel()
	c := pods(t)
	first := create(t, c, "a", "red")
	second := first.DeepCopy()
	second.Labels["colour"] = "blue"
	second, err := c.Update(t.Context(), second, metav1.UpdateOptions{})
	if err != nil || second.ResourceVersion == first.ResourceVersion {
		t.Fatalf("updated to version %s from %s: %v", second.ResourceVersion, first.ResourceVersion, err)
	}
	if _, err := c.Update(t.Context(), first, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("updated from an old version: %v", err)
	}
	same, err := c.Update(t.Context(), second, metav1.UpdateOptions{})
	if err != nil || same.ResourceVersion != second.ResourceVersion {
		t.Errorf("a write that changes nothing made version %s of %s: %v", same.ResourceVersion, second.ResourceVersion, err)
	}
	if _, err := c.Update(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "gone"}}, metav1.UpdateOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("updated what is not there: %v", err)
	}
}

func TestStatusIsApart(t *testing.T) {
	t.Parallel()
	c := pods(t)
	p := create(t, c, "a", "red")
	p.Status.Phase = corev1.PodRunning
	p.Labels["colour"] = "blue"
	p, err := c.UpdateStatus(t.Context(), p, metav1.UpdateOptions{})
	if err != nil || p.Status.Phase != corev1.PodRunning || p.Labels["colour"] != "red" {
		t.Fatalf("the status subresource wrote phase %q, label %q: %v", p.Status.Phase, p.Labels["colour"], err)
	}
	p.Status.Phase = corev1.PodFailed
	p.Labels["colour"] = "green"
	p, err = c.Update(t.Context(), p, metav1.UpdateOptions{})
	if err != nil || p.Status.Phase != corev1.PodRunning || p.Labels["colour"] != "green" {
		t.Errorf("the object itself wrote phase %q, label %q: %v", p.Status.Phase, p.Labels["colour"], err)
	}
}

func TestPatch(t *testing.T) {
	t.Parallel()
	c := pods(t)
	create(t, c, "a", "red")
	if p := paint(t, c, "a", "blue"); p.Labels["colour"] != "blue" {
		t.Errorf("a merge patch left %q", p.Labels["colour"])
	}
	p, err := c.Patch(t.Context(), "a", types.JSONPatchType, []byte(`[{"op":"test","path":"/metadata/labels/colour","value":"blue"},{"op":"remove","path":"/metadata/labels/colour"}]`), metav1.PatchOptions{})
	if err != nil || len(p.Labels) != 0 {
		t.Errorf("a JSON patch left %v: %v", p.Labels, err)
	}
	_, err = c.Patch(t.Context(), "a", types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/labels/colour"}]`), metav1.PatchOptions{})
	if !apierrors.IsInvalid(err) {
		t.Errorf("a JSON patch that does not fit: %v", err)
	}
	_, err = c.Patch(t.Context(), "a", types.MergePatchType, []byte(`{"metadata":{"resourceVersion":"1","labels":{"x":"y"}}}`), metav1.PatchOptions{})
	if !apierrors.IsConflict(err) {
		t.Errorf("a patch made from an old version: %v", err)
	}
	for _, name := range []string{"a", "applied"} {
		p, err = c.Patch(t.Context(), name, types.ApplyPatchType, []byte("apiVersion: v1\nkind: Pod\nmetadata: {labels: {colour: white}}\n"), metav1.PatchOptions{FieldManager: "test"})
		if err != nil || p.Name != name || p.Labels["colour"] != "white" {
			t.Errorf("applied %s: %v: %v", name, p.ObjectMeta, err)
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	c := pods(t)
	for _, name := range []string{"a", "b", "c"} {
		create(t, c, name, "red")
	}
	paint(t, c, "c", "blue")
	if err := c.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), "a", metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := c.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "colour=red"}); err != nil {
		t.Fatal(err)
	}
	list, err := c.List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Name != "c" {
		t.Errorf("left %d pods: %v", len(list.Items), err)
	}
}

func TestFinalizerHoldsObject(t *testing.T) {
	t.Parallel()
	c := pods(t)
	p, err := c.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Finalizers: []string{"test/hold"}}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	p, err = c.Get(t.Context(), p.Name, metav1.GetOptions{})
	if err != nil || p.DeletionTimestamp == nil {
		t.Fatalf("deleted at %v: %v", p.DeletionTimestamp, err)
	}
	p.Finalizers = nil
	if _, err := c.Update(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("after the last finalizer went: %v", err)
	}
}

// events reads n events of a watch.
func events(t *testing.T, w watch.Interface, n int) []string {
	t.Helper()
	var list []string
	for ev := range w.ResultChan() {
		p, ok := ev.Object.(*corev1.Pod)
		if !ok {
			t.Fatalf("event of a %T: %v", ev.Object, ev.Object)
		}
		list = append(list, fmt.Sprintf("%s %s %s", ev.Type, p.Name, p.Labels["colour"]))
		if len(list) == n {
			break
		}
	}
	return list
}

func TestWatch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := pods(t)
	create(t, c, "old", "red")
	list, err := c.List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	create(t, c, "between", "red")
	open := func(opt metav1.ListOptions) watch.Interface {
		w, err := c.Watch(ctx, opt)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Stop)
		return w
	}
	all := open(metav1.ListOptions{})
	later := open(metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	red := open(metav1.ListOptions{LabelSelector: "colour=red", ResourceVersion: list.ResourceVersion})
	paint(t, c, "old", "blue")
	paint(t, c, "old", "green")
	paint(t, c, "old", "red")
	if err := c.Delete(ctx, "old", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]struct {
		watch watch.Interface
		want  []string
	}{
		"from the start": {all, []string{"ADDED between red", "ADDED old red", "MODIFIED old blue", "MODIFIED old green", "MODIFIED old red", "DELETED old red"}},
		"from a list":    {later, []string{"ADDED between red", "MODIFIED old blue", "MODIFIED old green", "MODIFIED old red", "DELETED old red"}},
		"by a label":     {red, []string{"ADDED between red", "DELETED old blue", "ADDED old red", "DELETED old red"}},
	} {
		if got := events(t, w.watch, len(w.want)); !slices.Equal(got, w.want) {
			t.Errorf("%s: %v, want %v", name, got, w.want)
		}
	}
}

func TestWatchTooOld(t *testing.T) {
	t.Parallel()
	c := pods(t)
	first := create(t, c, "a", "red")
	big, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{"big": strings.Repeat("x", 3<<20)}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, name := range []string{"a", "b"} {
			if _, err := c.Patch(t.Context(), name, types.ApplyPatchType, big, metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
			paint(t, c, name, "blue")
			paint(t, c, name, "red")
		}
	}
	w, err := c.Watch(t.Context(), metav1.ListOptions{ResourceVersion: first.ResourceVersion})
	if err == nil {
		w.Stop()
	}
	if !apierrors.IsResourceExpired(err) {
		t.Errorf("watch from a version long gone: %v", err)
	}
}

func TestUnknownResource(t *testing.T) {
	t.Parallel()
	c, _ := start(t)
	if _, err := c.BatchV1().Jobs("one").List(t.Context(), metav1.ListOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("listed what the server does not know: %v", err)
	}
}

func TestExecIsToldAndRefused(t *testing.T) {
	t.Parallel()
	c, api := start(t)
	var got string
	api.Exec = func(namespace, pod, container string, command []string) {
		got = fmt.Sprint(namespace, " ", pod, " ", container, " ", command)
	}
	err := c.CoreV1().RESTClient().Post().Namespace("one").Resource("pods").Name("a").SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: "main", Command: []string{"kill", "1"}}, scheme.ParameterCodec).Do(t.Context()).Error()
	if !apierrors.IsBadRequest(err) || got != "one a main [kill 1]" {
		t.Errorf("told of %q: %v", got, err)
	}
}

// TestWatchStays writes as fast as events are read, so that a watch often finds
// nothing to take.
func TestWatchStays(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := pods(t)
	w, err := c.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	const writers, each = 4, 100
	for i := range writers {
		go func() {
			for j := range each {
				_, _ = c.Create(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p-%d-%d", i, j)}}, metav1.CreateOptions{})
			}
		}()
	}
	if got := len(events(t, w, writers*each)); got != writers*each {
		t.Errorf("the watch ended after %d events, want %d", got, writers*each)
	}
}
