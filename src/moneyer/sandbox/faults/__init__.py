"""Faults to order: any documented failure, and bad weather, for whoever tests a client here."""
