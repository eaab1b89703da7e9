"""Makes the pictures beside it, of the kinds that OpenCV cannot write. Needs Pillow and NumPy; run it in this folder."""

import struct

import numpy as np
from PIL import Image, ImageCms

# The test knows this formula.
y, x = np.mgrid[0:4, 0:6]
r = (37 * x + 11 * y + 5) % 256
g = (53 * x + 29 * y + 17) % 256
b = (71 * x + 83 * y + 31) % 256
a = np.array([0, 128, 255])[(x + y) % 3]
rgba = np.stack([r, g, b, a], axis=-1).astype(np.uint8)

colour = Image.fromarray(rgba)
opaque = colour.convert("RGB")
grey = Image.fromarray(rgba[..., 0])
grey_alpha = Image.fromarray(rgba[..., [0, 3]], "LA")
black_white = Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)

colour.save("rgba.webp", lossless=True, exact=True)
opaque.save("animated.webp", lossless=True, save_all=True, append_images=[opaque.rotate(180)])
opaque.save("animated.png", save_all=True, append_images=[opaque.rotate(180)])

# A palette with a see-through entry for each of the 24 pixels' colours.
palette = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6), "P")
palette.putpalette(rgba[..., :3].tobytes())
palette.save("palette.png")
palette.save("palette_alpha.png", transparency=rgba[..., 3].tobytes())
palette.save("palette.tif")

black_white.save("bit.png")
black_white.save("bit_transparent.png", transparency=255)
black_white.save("bit.tif", compression="group4")
grey.save("grey_transparent.png", transparency=int(rgba[1, 2, 0]))
grey_alpha.save("grey_alpha.png")
grey_alpha.save("grey_alpha.tif")

colour.save("rgba.tif", compression="tiff_lzw")
multiplied = rgba.copy()
multiplied[..., :3] = (rgba[..., :3].astype(int) * rgba[..., 3:] + 127) // 255
Image.fromarray(multiplied).save("rgba_multiplied.tif")
with open("rgba_multiplied.tif", "r+b") as file:  # Pillow says 2, not multiplied, in the tag 338
    tag = struct.pack("<HHI", 338, 3, 1)
    file.seek(file.read().index(tag) + len(tag))
    file.write(struct.pack("<H", 1))
opaque.save("two_pages.tif", save_all=True, append_images=[opaque.rotate(180)])
opaque.convert("CMYK").save("cmyk.tif")
opaque.convert("LAB").save("lab.tif")
Image.fromarray(rgba[..., 0].astype(np.float32)).save("float.tif")

flat = Image.new("RGB", (16, 16), (200, 100, 50))
flat.convert("CMYK").save("cmyk.jpg", quality=95)
flat.save("srgb.jpg", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
renamed = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"s\0R\0G\0B", b"t\0e\0s\0t").replace(b"sRGB", b"test")
for name in ("rgb_profile.jpg", "rgb_profile.png", "rgb_profile.webp", "rgb_profile.tif"):
    flat.save(name, icc_profile=renamed)
flat.save("srgb.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
flat.save("other_profile.jpg", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes())

# A BMP with alpha: a header of version 4 with masks, rows from the bottom.
bgra = rgba[::-1, :, [2, 1, 0, 3]].tobytes()
header = struct.pack("<IiiHHIIiiII", 108, 6, 4, 1, 32, 3, len(bgra), 2835, 2835, 0, 0)
header += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
with open("rgba.bmp", "wb") as file:
    file.write(b"BM" + struct.pack("<IHHI", 14 + len(header) + len(bgra), 0, 0, 14 + len(header)) + header + bgra)
