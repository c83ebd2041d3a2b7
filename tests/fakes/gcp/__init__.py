"""A fake of Google Cloud: requests checked by Google's own discovery documents, over REST and over gRPC."""
