"""What stands under the legacy paths: V1, in XML."""
