"""Mutation testing of the domain: each mutant of a module has to fail a unit test."""
