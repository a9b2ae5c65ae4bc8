package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	provisioner   = "rancher.io/local-path"
	storageClass  = "standard"
	volumesFolder = "/var/local-path-provisioner"
	hostname      = "kubernetes.io/hostname"
	selectedNode  = "volume.kubernetes.io/selected-node"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
)

// provisionVolumes makes a folder and a volume for every claim that the scheduler has placed on this node.
func (a agent) provisionVolumes(ctx context.Context) error {
	claims, err := a.client.CoreV1().PersistentVolumeClaims("").List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	for _, claim := range claims.Items {
		class := claim.Spec.StorageClassName
		isOurs := class != nil && *class == storageClass && claim.Annotations[selectedNode] == a.node
		if !isOurs || claim.Status.Phase != core.ClaimPending || claim.Spec.VolumeName != "" {
			continue
		}
		if err := a.provision(ctx, claim); err != nil {
			return err
		}
	}
	return nil
}

func (a agent) provision(ctx context.Context, claim core.PersistentVolumeClaim) error {
	name := "pvc-" + string(claim.UID)
	folder := filepath.Join(volumesFolder, name)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	// Past the umask: pods of any user write here.
	if err := os.Chmod(folder, 0o777); err != nil {
		return err
	}
	kind := core.HostPathDirectoryOrCreate
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisioner}},
		Spec: core.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			StorageClassName:              storageClass,
			PersistentVolumeReclaimPolicy: core.PersistentVolumeReclaimDelete,
			ClaimRef: &core.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: core.PersistentVolumeSource{HostPath: &core.HostPathVolumeSource{Path: folder, Type: &kind}},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{{
				MatchExpressions: []core.NodeSelectorRequirement{{
					Key: hostname, Operator: core.NodeSelectorOpIn, Values: []string{a.node},
				}},
			}}}},
		},
	}
	_, err := a.client.CoreV1().PersistentVolumes().Create(ctx, volume, meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err == nil {
		log.Printf("provisioned %s for %s/%s", name, claim.Namespace, claim.Name)
	}
	return err
}

// removeReleased deletes this node's volumes whose claims are gone, folder first.
func (a agent) removeReleased(ctx context.Context) error {
	volumes, err := a.client.CoreV1().PersistentVolumes().List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	for _, volume := range volumes.Items {
		isOurs := volume.Annotations[provisionedBy] == provisioner && isOn(volume, a.node)
		if !isOurs || volume.Status.Phase != core.VolumeReleased {
			continue
		}
		if err := os.RemoveAll(filepath.Join(volumesFolder, volume.Name)); err != nil {
			return err
		}
		if err := a.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{}); err != nil {
			return err
		}
		log.Printf("removed %s", volume.Name)
	}
	return nil
}

func isOn(volume core.PersistentVolume, node string) bool {
	affinity := volume.Spec.NodeAffinity
	if affinity == nil || affinity.Required == nil {
		return false
	}
	for _, term := range affinity.Required.NodeSelectorTerms {
		for _, expression := range term.MatchExpressions {
			if expression.Key == hostname && len(expression.Values) == 1 && expression.Values[0] == node {
				return true
			}
		}
	}
	return false
}
