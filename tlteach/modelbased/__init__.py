"""Model-based multi-task reinforcement learning: a learned dynamics model that many tasks share, and practice in it.

Paper: Landolfi, Thomas & Ma, "A Model-based Approach for Sample-efficient Multi-task Reinforcement Learning", 2019
(arXiv 1907.04964). What is said here to be the authors' setting was read in the first author's program of 2019.
"""
