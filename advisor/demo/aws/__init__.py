"""The local AWS: moto's server with a thin layer in front, on loopback.

moto answers what it answers as AWS does. Where it does not, a correction in this package answers: one
function for one call, in the module of its service, beside the AWS fact that it restores.
"""
