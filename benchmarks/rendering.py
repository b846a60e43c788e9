"""Pictures of 240 x 240 a CPU second: `python -m benchmarks.rendering`. Target: 100 by OpenGL, in software."""

import time

from tlteach.tasks.families import family

FRAMES = 100


def main() -> None:
    for name in ("reacher", "halfcheetah-velocity", "ant-velocity"):
        robot = family(name)
        env = robot.make_env(robot.sample_tasks(1, 0)[0], render_mode="rgb_array")
        env.reset(seed=0)
        env.render()
        by_opengl = "OpenGL" if env.unwrapped._view else "no OpenGL"
        for kind, frame in ((by_opengl, env.render), ("segments", lambda env=env: env.unwrapped.picture().pixels())):
            cpu, wall = time.process_time(), time.perf_counter()
            for _ in range(FRAMES):
                frame()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            print(f"{name:22} {kind:10} {FRAMES / cpu:6.0f} / CPU s {FRAMES / wall:6.0f} / s")
        env.close()


if __name__ == "__main__":
    main()
