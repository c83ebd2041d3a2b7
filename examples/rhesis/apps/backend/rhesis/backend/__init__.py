"""The backend of rhesis: an API, its worker, and a database."""
