"""The record of a session: written before anything is delivered, showing any later change."""
