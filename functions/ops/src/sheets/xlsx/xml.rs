//! Events of an XML document that is decompressed while it is read.

use std::io::ErrorKind;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::super::Unreadable;
use super::zip::{Archive, Content};

/// A document.
pub struct Xml<'a> {
    reader: Reader<Content<'a>>,
    buffer: Vec<u8>,
}

pub enum Node {
    /// Also of an element without content, whose end follows.
    Start(Element),
    /// With the name, without the prefix of its namespace.
    End(String),
    Text(String),
}

pub struct Element(BytesStart<'static>);

impl Element {
    /// The name without the prefix of its namespace.
    pub fn name(&self) -> String {
        name(self.0.local_name().as_ref())
    }

    /// The value of an attribute, whatever the prefix of its name is.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let mut read = attributes.with_checks(false).filter_map(Result::ok);
        let named = read.find(|attribute| attribute.key.local_name().as_ref() == name.as_bytes());
        let value = named?.decoded_and_normalized_value(XmlVersion::Implicit1_0, self.0.decoder());
        value.ok().map(std::borrow::Cow::into_owned)
    }
}

impl<'a> Xml<'a> {
    /// `None` if the archive has no such entry.
    pub fn open(archive: &Archive<'a>, name: &str) -> Option<Self> {
        let mut reader = Reader::from_reader(archive.content(name)?);
        reader.config_mut().expand_empty_elements = true;
        Some(Self { reader, buffer: Vec::new() })
    }

    /// `None` at the end of the document.
    pub fn next(&mut self) -> Result<Option<Node>, Unreadable> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| unreadable(&error))?;
            let node = match event {
                Event::Start(element) => Node::Start(Element(element.into_owned())),
                Event::End(element) => Node::End(name(element.local_name().as_ref())),
                Event::Text(text) => Node::Text(text.xml10_content().map_err(|_| Unreadable::Broken)?.into_owned()),
                Event::CData(text) => Node::Text(text.xml10_content().map_err(|_| Unreadable::Broken)?.into_owned()),
                Event::GeneralRef(reference) => Node::Text(resolved(&reference)?),
                Event::Eof => return Ok(None),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            };
            return Ok(Some(node));
        }
    }
}

fn name(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Only the five entities of XML itself exist: a document type is not read.
fn resolved(reference: &BytesRef<'_>) -> Result<String, Unreadable> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Unreadable::Broken)? {
        return Ok(character.into());
    }
    let name = reference.decode().map_err(|_| Unreadable::Broken)?;
    resolve_predefined_entity(&name).map(str::to_owned).ok_or(Unreadable::Broken)
}

fn unreadable(error: &quick_xml::Error) -> Unreadable {
    match error {
        quick_xml::Error::Io(error) if error.kind() == ErrorKind::FileTooLarge => Unreadable::TooMuchContent,
        _ => Unreadable::Broken,
    }
}
