"""`genkol cluster check`: what a cluster's files say, checked before any cluster sees them.

documents   YAML -> values that know their line
schema      a value against a structural schema: defaults, unknown fields, types
kinds       the schemas of the kinds that are checked
pods        what Kubernetes demands of a pod, and what GenKOL demands of its security
objects     the smaller kinds, and whether what is named is there
selectors   whether what selects pods finds any
environment the settings of GenKOL that a file gives
operator    what only KubeRay's operator refuses
groups      the nodes that a RayCluster brings: resources, labels, taints
serving     `serveConfigV2` and `serve_config.yaml`
placement   whether every application finds a node that it fits on
launcher    files for `ray up`
check       all of it, all findings at once
"""
