"""From the trail of events to lessons."""
