// Command node-agent runs once per node and does what two parts of the official node image do: it writes the CNI
// configuration and the routes to the other nodes' pods, as kindnetd does, and provisions volumes of the storage class
// "standard" as folders of its node, as the local-path provisioner does.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func main() {
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	// kind sets it. The Service's address would need kube-proxy, which needs a network first.
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		config.Host = "https://" + endpoint
	}
	config.Timeout = 10 * time.Second
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	agent := agent{client: client, node: os.Getenv("NODE_NAME")}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		if err := errors.Join(agent.connectPods(ctx), agent.provisionVolumes(ctx), agent.removeReleased(ctx)); err != nil {
			log.Print(err)
		}
		cancel()
		time.Sleep(time.Second)
	}
}

type agent struct {
	client kubernetes.Interface
	node   string
}
