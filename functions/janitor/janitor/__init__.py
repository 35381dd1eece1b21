"""The janitor: removes what deployments leave behind, and says why it keeps the rest."""
