"""Files of Hugging Face repositories, through huggingface_hub: HF_ENDPOINT, HF_TOKEN and the rest are honoured."""

from __future__ import annotations

import shutil
from pathlib import Path

from genkol.errors import WeightsMissing
from genkol.weights.catalogue import HuggingFaceSource
from genkol.weights.progress import OnProgress


def obtain(source: HuggingFaceSource, target: Path, on_progress: OnProgress) -> None:
    """Download the file to `target`; huggingface_hub resumes by itself and draws its own progress bar.

    Raises:
        WeightsMissing: the hub cannot be reached, or has no such file, or asks for a licence or token.
    """
    # Heavy, and not wanted by most weights.
    import httpx
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    folder = target.with_name(target.name + ".hub")
    on_progress(source.label, 0, None)
    try:
        found = hf_hub_download(source.repo, source.member, revision=source.revision, local_dir=folder)
    except GatedRepoError as error:
        raise WeightsMissing("the hub asks you to accept its licence: do so on its page, then set HF_TOKEN.") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise WeightsMissing(f"the hub says: {str(error).strip().splitlines()[0]}") from error
    Path(found).replace(target)
    shutil.rmtree(folder)
