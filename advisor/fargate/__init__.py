"""AWS facts as data, with sources: task sizes, prices, billing, scaling constants, schedules."""
