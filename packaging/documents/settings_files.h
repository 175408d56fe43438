#pragma once

#include <string>

/// Configuration files in which every setting stands as a comment, with what it means, what is
/// allowed and its default, or an example where it has no default. As they are, they set nothing.
/// A key that is added to the table appears in them by itself.
namespace tenon::documents {

/// Each setting is one line, `<!-- <model><name>…</name></model> -->`; the keys of one plugin are
/// one block.
std::string settings_in_xml();

/// Each setting is one line, `#model.name = …`. In the lines of text a blank follows the `#`.
std::string settings_in_properties();

}  // namespace tenon::documents
