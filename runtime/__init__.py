"""What any process needs: settings, clock, log, correlation and Redis, and no word of the business."""
