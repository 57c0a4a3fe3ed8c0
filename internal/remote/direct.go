package remote

import "net/http"

// Direct returns a transport whose redirects nobody follows: what is sent goes
// to the service and nowhere else, and a redirect is a wrong address.
func Direct(t http.RoundTripper) http.RoundTripper { return direct{t} }

type direct struct{ http.RoundTripper }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := d.RoundTripper.RoundTrip(r)
	if err == nil && res.StatusCode >= 300 && res.StatusCode <= 399 {
		res.Header.Del("Location")
	}
	return res, err
}
