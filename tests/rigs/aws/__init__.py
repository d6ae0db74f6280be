"""The AWS of the tests: moto's server as a process, and what runs beside it."""
