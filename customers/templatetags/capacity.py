"""What administrators are told about the database's partitions."""

from django import template

from customers.storage.capacity import read_capacity

register = template.Library()
register.simple_tag(read_capacity)
