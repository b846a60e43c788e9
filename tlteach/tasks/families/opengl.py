"""Pictures of a robot by OpenGL, without a window: through EGL on Linux, as MuJoCo does it elsewhere."""

import os
import sys
from typing import Any

import numpy as np

from tlteach.tasks.families.drawing import SIZE
from tlteach.tasks.families.simulator import need_mujoco
from tlteach.tasks.families.skeleton import Look

OFF = ("disable", "disabled", "off", "false", "0")


class OpenGLView:
    """A camera on one model, without shadows and reflections: they take ten times as long as all the rest.

    Raises whatever a missing or broken driver raises; `view` turns that into None.
    """

    def __init__(self, model: Any, look: Look, size: int = SIZE):
        self._mujoco = mujoco = need_mujoco()
        self._model, self._rect = model, mujoco.MjrRect(0, 0, size, size)
        model.vis.global_.offwidth = max(size, model.vis.global_.offwidth)
        model.vis.global_.offheight = max(size, model.vis.global_.offheight)
        self._window = _context(mujoco)(size, size)
        self._window.make_current()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        self._scene, self._option = mujoco.MjvScene(model, 1000), mujoco.MjvOption()
        self._camera = mujoco.MjvCamera()
        if look.camera:
            self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
            self._camera.fixedcamid = model.camera(look.camera).id
        else:
            self._camera.lookat[:] = 0
            self._camera.distance = 1.2 * look.span
            self._camera.azimuth, self._camera.elevation = 90 + look.azimuth, -look.elevation

    def pixels(self, data: Any) -> np.ndarray:
        """(size, size, 3) uint8."""
        mujoco, flag = self._mujoco, self._mujoco.mjtRndFlag
        self._window.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(self._model, data, self._option, None, self._camera, everything, self._scene)
        self._scene.flags[flag.mjRND_SHADOW] = self._scene.flags[flag.mjRND_REFLECTION] = 0
        mujoco.mjr_render(self._rect, self._scene, self._context)
        pixels = np.empty((self._rect.height, self._rect.width, 3), np.uint8)
        mujoco.mjr_readPixels(pixels, None, self._rect, self._context)
        return np.ascontiguousarray(pixels[::-1])  # OpenGL starts at the bottom

    def close(self) -> None:
        """Free what the driver holds; a second time does nothing."""
        if self._window is not None:
            self._window.make_current()
            self._context.free()
            self._window.free()
            self._window = None


def view(model: Any, look: Look) -> OpenGLView | None:
    """A view, or None where there is no OpenGL (or MUJOCO_GL says that there is to be none)."""
    if os.environ.get("MUJOCO_GL", "").lower() in OFF:
        return None
    try:
        return OpenGLView(model, look)
    except Exception:  # a missing driver raises nearly anything: ImportError, AttributeError, RuntimeError, GLError
        return None


def _context(mujoco: Any) -> Any:
    if sys.platform.startswith("linux") and os.environ.get("MUJOCO_GL", "egl").lower() in ("", "egl"):
        from mujoco.egl import GLContext

        return GLContext
    return mujoco.GLContext
