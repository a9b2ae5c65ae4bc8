//go:build programs

// Package programs pins the commands that are built from this module's requirements.
package programs

import _ "sigs.k8s.io/kind"
