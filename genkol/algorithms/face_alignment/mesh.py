"""Face alignment by the MediaPipe face mesh: 68 landmarks, 468 mesh points and the aligned crop, on the CPU."""

from __future__ import annotations

from pydantic import Field

from genkol import algorithm
from genkol.algorithm import Algorithm, Effects, Resources, Setup, Step
from genkol.artifacts import Face, Image
from genkol.errors import NoFace, Unsuitable
from genkol.services import FACE_ALIGNMENT, Aspect
from genkol.vision.face import FaceFinder, FoundFace
from genkol.vision.landmarks import alignment_of, landmarks_of, yaw_of
from genkol.vision.models import LiteModel


class MeshAlignment(Algorithm):
    """Detector on the picture (and on tiles for far faces), mesh on each face, similarity to a template."""

    service = FACE_ALIGNMENT
    name = "mesh"
    seeded = False
    effects = Effects(reads={Aspect.SILHOUETTE})
    resources = Resources(cpus=1, memory_mib=256, seconds=0.03)
    weights = ("face-detection", "face-mesh")

    class Params(algorithm.Params):
        """Which face, and how the crop is made."""

        face: int | None = Field(None, ge=0, description="Which face, 0 is the largest; none given: the largest.")
        min_score: float = Field(0.35, ge=0.05, le=1, description="Least confidence of the face detector.")
        crop_size: int = Field(512, ge=64, le=2048, description="Side of the aligned crop, pixels.")

    def setup(self, setup: Setup) -> None:
        self._finder = FaceFinder(
            LiteModel(setup.weights("face-detection"), threads=1), LiteModel(setup.weights("face-mesh"), threads=1)
        )

    def faces(self, picture: Image, min_score: float = 0.35) -> list[FoundFace]:
        """Return every face of the picture, largest first; possibly none."""
        return self._finder.faces(picture.pixels, min_score)

    def run(self, picture: Image, *, params: Params, step: Step) -> Face:
        """Return the chosen face.

        Raises:
            NoFace: there is none.
            Unsuitable: there are fewer faces than `params.face` asks for.
        """
        step.progress(0.0)
        found = self.faces(picture, params.min_score)
        step.progress(0.9)
        if not found:
            raise NoFace(
                f"No face was found in the {picture.width}x{picture.height} picture. Expected one that looks towards "
                "the camera, is lit and is at least 30 pixels wide; crop closer or give another photo.",
                expected="a face",
                count=0,
            )
        index = params.face or 0
        if index >= len(found):
            noun = "face" if len(found) == 1 else "faces"
            raise Unsuitable(
                f"face={index} was asked for, but the picture has {len(found)} {noun}: give 0 (the largest)"
                + (f" to {len(found) - 1}." if len(found) > 1 else "."),
                field="face",
                value=index,
                count=len(found),
            )
        return _face(found[index], index, len(found), params.crop_size)


def _face(found: FoundFace, index: int, count: int, crop_size: int) -> Face:
    landmarks = landmarks_of(found.mesh)
    return Face(
        landmarks=landmarks,
        mesh=found.mesh,
        box=found.box,
        alignment=alignment_of(landmarks, crop_size),
        crop_size=crop_size,
        score=found.score,
        yaw=yaw_of(found.mesh),
        index=index,
        count=count,
    )
