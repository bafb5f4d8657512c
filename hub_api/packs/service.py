"""The pack: the door of this slice.

What a section may say is in contents.py, who reads and writes in policy.py; finding.py lets nobody
into a pack unwritten, reading.py opens it, writing.py adds versions, medicines.py is what it says,
page.py prints it. What a hub carer sees before deciding is in matching.py.
"""

from __future__ import annotations

from hub_api.packs.contents import SectionIn
from hub_api.packs.matching import get_matching_summary
from hub_api.packs.medicines import MedicineIn, add_medicine, end_medicine, get_medicine
from hub_api.packs.page import PAGE_POLICY, get_page
from hub_api.packs.reading import get_pack, get_section, list_versions
from hub_api.packs.writing import confirm_section, put_section

__all__ = [
    "PAGE_POLICY",
    "MedicineIn",
    "SectionIn",
    "add_medicine",
    "confirm_section",
    "end_medicine",
    "get_matching_summary",
    "get_medicine",
    "get_pack",
    "get_page",
    "get_section",
    "list_versions",
    "put_section",
]
