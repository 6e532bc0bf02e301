"""Who is never trained on: one table of every voice that is kept for thresholds (dev) or for the test.

A split is a matter of voices first. Kokoro's styles are held out by name, and blends mix training
styles only; espeak-ng's stock variants are held out by whole families, so that nothing close to a
held-out voice is trained on; voices recorded from people are held out by the person.
"""

KOKORO = {
    "dev": ("af_jessica", "af_river", "bf_lily", "am_echo", "am_onyx", "bm_lewis"),
    "test": ("af_kore", "af_nova", "af_sarah", "bf_emma", "if_sara",
             "am_eric", "am_liam", "am_michael", "bm_george", "hm_psi"),
}  # fmt: skip

ESPEAK_FAMILIES = {
    "dev": ("f5", "m8", "klatt6", "Alex", "benjamin", "norbert", "paul", "Mike", "grandpa", "Gene"),
    "test": ("f4", "m3", "m7", "klatt3", "Andy", "AnxiousAndy", "Annie", "belinda", "boris", "david",
             "grandma", "linda", "Michael", "michel", "pablo", "quincy", "shelby", "victor", "zac",
             "Alicia", "Lee", "marcelo", "sandro", "steph", "edward", "iven"),
}  # fmt: skip

# One man and the only woman are never trained on; both spellings of slt are the same person.
RECORDED = ("flite-rms", "flite-slt", "festival-slt")

PIPER = ("piper-joe",)  # an engine never trained on
