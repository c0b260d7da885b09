"""Our leg toward applications: what is delivered by HTTP to the URL that a customer gave. Knows no policy, no schedule and no database."""
