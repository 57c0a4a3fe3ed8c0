// Package early sets what Argo's packages read while they are initialised. They
// need Kubernetes' packages, which come after this one (Go initialises what is
// ready in the order of import paths), so that this is early enough.
package early

import (
	"os"

	"github.com/sirupsen/logrus"
)

func init() {
	logrus.SetLevel(logrus.FatalLevel)
	// The index finds who waits for a semaphore whose ConfigMap changes. Here
	// none does, and keeping it costs as much as a tenth of everything.
	_ = os.Setenv("INDEX_WORKFLOW_SEMAPHORE_KEYS", "false") // a fine name
}
