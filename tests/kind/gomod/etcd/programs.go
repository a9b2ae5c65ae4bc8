//go:build programs

// Package programs pins the commands that are built from this module's requirements.
package programs

import _ "go.etcd.io/etcd/server/v3"
