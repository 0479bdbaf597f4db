"""Baseline against candidate: may we upgrade?"""
