"""The demo: a fleet replayed from public traces, on a local AWS that answers as AWS documents."""
