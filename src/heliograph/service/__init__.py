"""Use cases: one public function is one transaction, or one loop. Faces call these and hold no rule of their own."""
