"""The words of the project: frozen values, without I/O."""
