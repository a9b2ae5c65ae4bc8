package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	cniFile   = "/etc/cni/net.d/10-node-agent.conflist"
	cniConfig = `{
  "cniVersion": "0.3.1",
  "name": "pods",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/cni-addresses",
        "ranges": [[{ "subnet": %q }]],
        "routes": [{ "dst": "0.0.0.0/0" }]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
`
)

// connectPods writes this node's CNI configuration and a route to every other node's pods.
func (a agent) connectPods(ctx context.Context) error {
	nodes, err := a.client.CoreV1().Nodes().List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	for _, node := range nodes.Items {
		if node.Spec.PodCIDR == "" {
			continue
		}
		if node.Name == a.node {
			err = writeCNI(node.Spec.PodCIDR)
		} else {
			err = routeTo(node)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeCNI replaces the file in one step, since containerd reads it as soon as it appears.
func writeCNI(subnet string) error {
	wanted := fmt.Sprintf(cniConfig, subnet)
	if present, err := os.ReadFile(cniFile); err == nil && string(present) == wanted {
		return nil
	}
	unfinished := cniFile + ".unfinished"
	if err := os.WriteFile(unfinished, []byte(wanted), 0o644); err != nil {
		return err
	}
	return os.Rename(unfinished, cniFile)
}

func routeTo(node core.Node) error {
	_, pods, err := net.ParseCIDR(node.Spec.PodCIDR)
	if err != nil {
		return err
	}
	for _, address := range node.Status.Addresses {
		if address.Type != core.NodeInternalIP {
			continue
		}
		if err := netlink.RouteReplace(&netlink.Route{Dst: pods, Gw: net.ParseIP(address.Address)}); err != nil {
			return fmt.Errorf("route to %s of %s: %w", pods, node.Name, err)
		}
	}
	return nil
}
