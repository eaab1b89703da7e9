#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/variables_map.hpp>

#include <optional>
#include <string>
#include <vector>

namespace faceoff {

/// A command's options, without guessing at abbreviations. Throws ConfigError, with the option that may have been
/// meant.
boost::program_options::variables_map parse_options(
    const std::vector<std::string>& args, const boost::program_options::options_description& options,
    const boost::program_options::positional_options_description& positional);

/// The same for a command that takes pictures: they are the option "picture". Nothing where help was asked for, which
/// is printed: `summary`, then the options.
std::optional<boost::program_options::variables_map> parse_pictures(
    const std::vector<std::string>& args, const boost::program_options::options_description& shown,
    const std::string& summary);

/// An option that may be repeated; none where it was not given.
std::vector<std::string> list(const boost::program_options::variables_map& values, const char* name);

/// --minimum-score, of what counts as a face; from 0 to less than 1.
void add_minimum_score(boost::program_options::options_description& options);
double minimum_score(const boost::program_options::variables_map& given);

/// Keeps stdout for print(): whatever else writes there, such as a plugin, writes to stderr from now on. Files 0 to 2
/// are there from now on, so that no other file is taken for one of them.
void keep_stdout();
/// The file that print() writes to.
int kept_stdout();

/// Writes data to stdout at once. Throws FileError where it can't be written (a full disk).
void print(const std::string& text);

}  // namespace faceoff
