from django.db import migrations

CREATE = """
CREATE FUNCTION segmenter_forget_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A customer who lives on in another version of the dataset keeps the assignments.
    DELETE FROM segmenter_clusterassignment
     WHERE customer_id IN (SELECT id FROM gone)
       AND customer_id NOT IN (SELECT id FROM customers_customer WHERE id IN (SELECT id FROM gone));
    RETURN NULL;
END
$$;
CREATE TRIGGER segmenter_forget_assignments AFTER DELETE ON customers_customer
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION segmenter_forget_assignments();
"""
DROP = """
DROP TRIGGER segmenter_forget_assignments ON customers_customer;
DROP FUNCTION segmenter_forget_assignments();
"""


class Migration(migrations.Migration):
    """Assignments have no foreign key to customers: a statement-level trigger cleans up after them."""

    dependencies = [("segmenter", "0001_initial"), ("customers", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
